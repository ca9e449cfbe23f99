//! A small table with one clear relation.

/// `rows` lines in which weight goes with height and nothing else goes with anything; with a column of noise if `luck`.
/// Weight and height are correlated by 0.96, so that neither is taken for a copy of the other.
pub fn small_table(rows: u32, luck: bool) -> String {
    let mut table = String::from(if luck {
        "weight,height,shade,luck\n"
    } else {
        "weight,height,shade\n"
    });
    for n in 0..rows {
        // As good as random, the same each time, and no two alike.
        let noise = |salt: u64| {
            let n = u64::from(n);
            ((n * n * (38 + 41 * salt) + n * (211 * salt + 17)) % 1009) as f64 / 1009.0
        };
        let height = noise(1) * 10.0;
        let weight = height * 2.0 + noise(2) * 6.0;
        let shade = ["dark", "light"][(noise(3) * 2.0) as usize];
        table.push_str(&format!("{weight:.3},{height:.3},{shade}"));
        if luck {
            table.push_str(&format!(",{:.3}", noise(4)));
        }
        table.push('\n');
    }
    table
}
