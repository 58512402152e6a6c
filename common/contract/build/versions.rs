//! Which files of `schemas/order-event/` make up the lineage, and in which order. Pure: the build script reads the
//! folder, and `tests/lineage` tests these rules.

/// The files of versions 1 to n in the order of their numbers (v10 after v9), given the names in the folder.
///
/// # Errors
/// A version is missing, or another file is there. The message names the file and says what to do.
pub fn in_order(names: &[String]) -> Result<Vec<String>, String> {
    let mut numbers = Vec::with_capacity(names.len());
    for name in names {
        let number = number(name).ok_or_else(|| {
            format!(
                "schemas/order-event/{name} is not a version of the schema: only files named v1.avsc, v2.avsc and so on \
                 may be there; rename it or move it out of the folder"
            )
        })?;
        numbers.push(number);
    }
    numbers.sort_unstable();
    for (expected, number) in (1..).zip(&numbers) {
        if expected != *number {
            return Err(format!(
                "schemas/order-event/v{expected}.avsc is missing, though v{number}.avsc is there: versions are numbered \
                 without a gap; put the file back, or give the new version that number"
            ));
        }
    }
    if numbers.is_empty() {
        return Err("schemas/order-event/v1.avsc is missing: put the file back".to_owned());
    }
    Ok(numbers.iter().map(|number| format!("v{number}.avsc")).collect())
}

/// The number in `v<number>.avsc`, without sign or leading zeros.
fn number(name: &str) -> Option<u32> {
    let digits = name.strip_prefix('v')?.strip_suffix(".avsc")?;
    let number = digits.parse().ok()?;
    (format!("{number}") == digits && number > 0).then_some(number)
}
