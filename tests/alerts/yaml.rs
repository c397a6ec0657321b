//! YAML as JSON.

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Value};

/// A text with one document.
pub(crate) fn parsed(text: &str) -> Result<Value, String> {
    let documents = Yaml::load_from_str(text).map_err(|error| error.to_string())?;
    let [document] = documents.as_slice() else { return Err("not one document".to_owned()) };
    Ok(json(document))
}

fn json(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Value(Scalar::Boolean(value)) => Value::from(*value),
        Yaml::Value(Scalar::Integer(value)) => Value::from(*value),
        Yaml::Value(Scalar::FloatingPoint(value)) => Value::from(value.into_inner()),
        Yaml::Value(Scalar::String(value)) => Value::from(value.as_ref()),
        Yaml::Sequence(values) => values.iter().map(json).collect(),
        Yaml::Mapping(entries) => Value::Object(
            entries
                .iter()
                .map(|(key, value)| (key.as_str().unwrap().to_owned(), json(value)))
                .collect::<Map<_, _>>(),
        ),
        Yaml::Value(Scalar::Null)
        | Yaml::Representation(..)
        | Yaml::Tagged(..)
        | Yaml::Alias(_)
        | Yaml::BadValue => Value::Null,
    }
}
