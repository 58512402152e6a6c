//! Query strings, read strictly: each error is a 400 that names the parameter. What a parameter means is never decided
//! here.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev};
use percent_encoding::percent_decode_str;
use serde::de::value::{Error, MapDeserializer, StringDeserializer};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::problem::Problem;
use super::problem_kind::ProblemKind;
use super::validation;

/// A request's query parameters of type `T`: a struct of strings, numbers, booleans, unit enums and options of them (`x=` is
/// an empty string, not a number). Repeated parameters are refused. Unlike actix-web's extractor, its errors are [`Problem`]s.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Query))
    }
}

/// Parses a query string.
///
/// # Errors
/// A 400 that names the parameter.
pub fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let parameters = pairs.map(parameter).collect::<Result<Vec<_>, _>>()?;
    serde_path_to_error::deserialize(MapDeserializer::<_, Error>::new(parameters.into_iter()))
        .map_err(|error| validation::from_serde(&error.path().to_string(), &error.inner().to_string(), "the query"))
}

/// For an optional parameter that is a whole number from `MIN` to `MAX`:
/// `#[serde(default, deserialize_with = "query::within::<1, 100, _, _>")]`.
///
/// # Errors
/// The value is not such a number; the message names the range.
pub fn within<'de, const MIN: i64, const MAX: i64, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: TryFrom<i64>,
    D: Deserializer<'de>,
{
    let number = String::deserialize(deserializer)?.parse().ok();
    let number = number.filter(|number| (MIN..=MAX).contains(number));
    match number.and_then(|number| T::try_from(number).ok()) {
        Some(number) => Ok(Some(number)),
        None => Err(D::Error::custom(format_args!(
            "must be a whole number from {MIN} to {MAX}"
        ))),
    }
}

/// The name and the value of `name=value`. Other crates' decoders replace invalid UTF-8 with U+FFFD, which is not what the
/// client asked for.
fn parameter(pair: &str) -> Result<(String, Text), Problem> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let name = decode(name).ok_or_else(|| {
        Problem::new(
            ProblemKind::InvalidRequest,
            "parameter names must be percent-encoded UTF-8",
        )
    })?;
    match decode(value) {
        Some(value) => Ok((name, Text(value))),
        None => Err(Problem::invalid_field(name, "must be percent-encoded UTF-8")),
    }
}

/// Decodes `application/x-www-form-urlencoded`.
fn decode(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    let decoded = percent_decode_str(&text).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

/// A parameter's value, parsed into the type that the field has.
struct Text(String);

impl IntoDeserializer<'_> for Text {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident $wanted:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.0.parse() {
                Ok(value) => visitor.$visit(value),
                Err(_) => Err(Error::custom(concat!("must be ", $wanted))),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Text {
    type Error = Error;

    parsed! {
        deserialize_bool visit_bool "true or false";
        deserialize_i8 visit_i8 "a whole number from -128 to 127";
        deserialize_i16 visit_i16 "a whole number from -32768 to 32767";
        deserialize_i32 visit_i32 "a whole number from -2147483648 to 2147483647";
        deserialize_i64 visit_i64 "a whole number of at most 64 bits";
        deserialize_u8 visit_u8 "a whole number from 0 to 255";
        deserialize_u16 visit_u16 "a whole number from 0 to 65535";
        deserialize_u32 visit_u32 "a whole number from 0 to 4294967295";
        deserialize_u64 visit_u64 "a non-negative whole number of at most 64 bits";
        deserialize_f32 visit_f32 "a number";
        deserialize_f64 visit_f64 "a number";
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        StringDeserializer::new(self.0).deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize, PartialEq)]
    #[serde(rename_all = "camelCase")]
    struct Parameters {
        #[serde(alias = "order_id")]
        order_id: String,
        min_version: Option<i32>,
        #[serde(default)]
        wait_ms: u64,
        order: Option<Direction>,
        #[serde(default, deserialize_with = "within::<1, 100, _, _>")]
        limit: Option<u32>,
    }

    #[derive(Debug, serde::Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Direction {
        Up,
    }

    #[test]
    fn parameters_are_read_and_decoded() {
        assert_eq!(
            parse::<Parameters>("orderId=a%20b%2F%C3%A9+c&minVersion=3&order=up&other=1").expect("parameters"),
            Parameters {
                order_id: "a b/é c".into(),
                min_version: Some(3),
                wait_ms: 0,
                order: Some(Direction::Up),
                limit: None,
            }
        );
        let bare = parse::<Parameters>("&&order_id&x&=y&z=1=2&").expect("parameters");
        assert_eq!((bare.order_id.as_str(), bare.min_version), ("", None));
        let odd = parse::<Parameters>("order%49d=100%&x=%zz").expect("parameters");
        assert_eq!(odd.order_id, "100%");
        let empty = parse::<Parameters>("order_id=").expect("parameters");
        assert_eq!((empty.order_id.as_str(), empty.min_version), ("", None));
    }

    #[test]
    fn each_fault_names_its_parameter() {
        for (query, field, message) in [
            ("", "orderId", "is required"),
            ("orderId=1&orderId=2", "orderId", "must be given only once"),
            ("orderId=1&order_id=2", "orderId", "must be given only once"),
            (
                "orderId=1&minVersion=x",
                "minVersion",
                "must be a whole number from -2147483648 to 2147483647",
            ),
            (
                "orderId=1&minVersion=99999999999",
                "minVersion",
                "must be a whole number from -2147483648 to 2147483647",
            ),
            (
                "orderId=1&waitMs=-1",
                "waitMs",
                "must be a non-negative whole number of at most 64 bits",
            ),
            (
                "orderId=1&minVersion=",
                "minVersion",
                "must be a whole number from -2147483648 to 2147483647",
            ),
            ("orderId=1&order=down", "order", "must be one of: up"),
            ("orderId=caf%E9", "orderId", "must be percent-encoded UTF-8"),
            ("order_id=%ff", "order_id", "must be percent-encoded UTF-8"),
            ("orderId=1&x=%c3", "x", "must be percent-encoded UTF-8"),
            ("orderId=%ed%a0%80", "orderId", "must be percent-encoded UTF-8"),
        ] {
            let problem = parse::<Parameters>(query).expect_err(query);
            assert_eq!(problem.kind(), ProblemKind::InvalidRequest);
            let [invalid] = problem.errors() else {
                panic!("{query}: {problem}")
            };
            assert_eq!(
                (invalid.field.as_str(), invalid.message.as_str()),
                (field, message),
                "{query}"
            );
        }
    }

    #[test]
    fn a_number_in_the_range_is_read_and_the_error_for_any_other_names_the_range() {
        for (query, limit) in [("", None), ("&limit=1", Some(1)), ("&limit=100", Some(100))] {
            let parameters = parse::<Parameters>(&format!("orderId=1{query}")).expect("parameters");
            assert_eq!(parameters.limit, limit, "{query}");
        }
        for limit in ["", "0", "101", "-1", "x", "1.0", "99999999999999999999"] {
            let problem = parse::<Parameters>(&format!("orderId=1&limit={limit}")).expect_err(limit);
            assert_eq!(
                problem.summary(),
                "limit: must be a whole number from 1 to 100",
                "{limit}"
            );
        }
    }

    #[test]
    fn a_name_that_is_not_utf_8_is_refused() {
        let problem = parse::<Parameters>("orderId=1&%ff=1").expect_err("no name");
        assert_eq!(problem.summary(), "parameter names must be percent-encoded UTF-8");
    }
}
