# ---- tautology: pairs of columns that are related by construction, so that testing them says nothing ----
def find_tautologies(columns, frames):
    return []
