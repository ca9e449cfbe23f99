//! A small table with one clear relation.

/// `rows` lines in which weight goes with height and nothing else goes with anything; with a column of noise if `luck`.
/// The golden archive of the schema's first version is a run on it, so that its formula must stay.
pub fn small_table(rows: u32, luck: bool) -> String {
    let mut table = String::from(if luck {
        "weight,height,shade,luck\n"
    } else {
        "weight,height,shade\n"
    });
    for n in 0..rows {
        // As good as random, and the same each time.
        let noise = |salt: u32| f64::from((n * 7919 + salt * 104_729) % 1009) / 1009.0;
        let height = noise(1) * 10.0;
        let weight = height * 2.0 + noise(2) * 4.0;
        let shade = ["dark", "light"][(noise(3) * 2.0) as usize];
        table.push_str(&format!("{weight:.3},{height:.3},{shade}"));
        if luck {
            table.push_str(&format!(",{:.3}", noise(4)));
        }
        table.push('\n');
    }
    table
}
