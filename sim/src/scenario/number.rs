//! Whole numbers in a scenario file: whatever else stands there is answered with which are meant.

use core::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, Unexpected, Visitor},
};
use toml::Spanned;

/// A number of which `LEAST` to `MOST` are meant. Here it only has to fit: whoever knows what is wrong with one
/// that is not meant says so.
pub(super) struct Number<T, const LEAST: u32, const MOST: u32>(pub(super) T);

impl<'de, T: TryFrom<i128>, const LEAST: u32, const MOST: u32> Deserialize<'de> for Number<T, LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_i64(Reader::<T, LEAST, MOST>(PhantomData)).map(Number)
    }
}

struct Reader<T, const LEAST: u32, const MOST: u32>(PhantomData<T>);

impl<T: TryFrom<i128>, const LEAST: u32, const MOST: u32> Visitor<'_> for Reader<T, LEAST, MOST> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a whole number from {LEAST} to {MOST}")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        self.visit_i128(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        self.visit_i128(number.into())
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<T, E> {
        let shown = format!("integer `{number}`");
        T::try_from(number).map_err(|_| E::invalid_value(Unexpected::Other(&shown), &self))
    }

    fn visit_u128<E: Error>(self, number: u128) -> Result<T, E> {
        let shown = format!("integer `{number}`");
        Err(E::invalid_value(Unexpected::Other(&shown), &self))
    }
}

/// Reads a number and keeps its place.
pub(super) fn number<'de, D: Deserializer<'de>, T: TryFrom<i128>, const LEAST: u32, const MOST: u32>(
    from: D,
) -> Result<Option<Spanned<T>>, D::Error> {
    let read = Spanned::<Number<T, LEAST, MOST>>::deserialize(from)?;
    Ok(Some(Spanned::new(read.span(), read.into_inner().0)))
}
