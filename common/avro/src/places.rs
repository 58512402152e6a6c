//! Which of the writer's fields is which of the reader's.

use std::collections::HashMap;

use super::schema::Field;

/// For each of the writer's fields the place of the reader's that it is, if any: by name, else by the reader's aliases,
/// else by its own.
pub(super) fn places(writer: &[Field], reader: &[Field]) -> Vec<Option<usize>> {
    let names = writer.iter().enumerate().map(|(n, it)| (it.name.as_str(), n));
    let by_name: HashMap<&str, usize> = names.collect();
    let aliases = writer.iter().enumerate();
    let aliases = aliases.flat_map(|(n, it)| it.aliases.iter().map(move |alias| (alias.as_str(), n)));
    let by_alias: HashMap<&str, usize> = aliases.collect();
    let of = |field: &Field| {
        let name = |name: &String| by_name.get(name.as_str());
        let found = name(&field.name).or_else(|| field.aliases.iter().find_map(name));
        found.or_else(|| by_alias.get(field.name.as_str())).copied()
    };
    let mut places = vec![None; writer.len()];
    for (n, field) in reader.iter().enumerate() {
        // One field of the writer's is one of the reader's.
        if let Some(place) = of(field).and_then(|w| places.get_mut(w))
            && place.is_none()
        {
            *place = Some(n);
        }
    }
    places
}
