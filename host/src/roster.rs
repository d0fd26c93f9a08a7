//! Things by name and by number.

use std::{cell::Cell, collections::HashMap, ptr, sync::Arc};

/// Something that has a name.
pub(crate) trait Named {
    fn name(&self) -> &Arc<str>;
}

/// Things that have a name, and a number for as long as they are there.
///
/// Among very many things, to look a name up is to wait for memory three times. Whoever goes through all of
/// them asks for one after the other, by the names that they have here: so the one behind the last one that was
/// found is looked at first.
#[derive(Debug)]
pub(crate) struct Roster<T> {
    places: Vec<Option<T>>,
    numbers: HashMap<Arc<str>, usize>,
    /// Numbers that nobody has any more.
    vacant: Vec<usize>,
    /// What was found last.
    last: Cell<usize>,
}

impl<T> Default for Roster<T> {
    fn default() -> Self {
        Self { places: Vec::new(), numbers: HashMap::new(), vacant: Vec::new(), last: Cell::new(0) }
    }
}

impl<T: Named> Roster<T> {
    /// The number of the thing with that name.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        let next = self.last.get() + 1;
        let is_next = self.get(next).is_some_and(|thing| ptr::eq(&**thing.name(), name));
        let found = if is_next { next } else { *self.numbers.get(name)? };
        self.last.set(found);
        Some(found)
    }

    pub(crate) fn get(&self, number: usize) -> Option<&T> {
        self.places.get(number).and_then(Option::as_ref)
    }

    pub(crate) fn get_mut(&mut self, number: usize) -> Option<&mut T> {
        self.places.get_mut(number).and_then(Option::as_mut)
    }

    /// A number that nobody has, greater than `above`.
    pub(crate) fn free(&self, above: Option<usize>) -> usize {
        let vacant = self.vacant.iter().rev().copied().find(|number| Some(*number) > above);
        vacant.unwrap_or(self.places.len())
    }

    /// Puts a thing under a number that is free. Its name is one that nobody has.
    pub(crate) fn insert(&mut self, number: usize, thing: T) {
        self.numbers.insert(Arc::clone(thing.name()), number);
        // It was the last one that was given up, most often.
        if let Some(place) = self.vacant.iter().rposition(|vacant| *vacant == number) {
            self.vacant.remove(place);
        }
        if number == self.places.len() {
            self.places.push(None);
        }
        self.places[number] = Some(thing);
    }

    pub(crate) fn remove(&mut self, number: usize) -> Option<T> {
        let thing = self.places.get_mut(number)?.take()?;
        self.numbers.remove(thing.name());
        self.vacant.push(number);
        Some(thing)
    }

    /// How many things there are.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// What is under each number, from 0 on.
    pub(crate) fn places(&self) -> &[Option<T>] {
        &self.places
    }

    pub(crate) fn places_mut(&mut self) -> &mut [Option<T>] {
        &mut self.places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Named for Arc<str> {
        fn name(&self) -> &Arc<str> {
            self
        }
    }

    fn roster(names: &[&str]) -> Roster<Arc<str>> {
        let mut roster = Roster::default();
        for name in names {
            roster.insert(roster.free(None), Arc::from(*name));
        }
        roster
    }

    /// Each name is asked for as it is known here, and as others write it, in every order of two.
    #[test]
    fn each_is_found_whatever_was_found_before() {
        let roster = roster(&["a", "b", "", "c"]);
        let own: Vec<Arc<str>> = roster.places().iter().flatten().cloned().collect();
        for first in 0..own.len() {
            for (number, name) in own.iter().enumerate() {
                assert_eq!(roster.find(&own[first]), Some(first));
                assert_eq!(roster.find(name), Some(number), "{name:?} after {:?}", own[first]);
                assert_eq!(roster.find(&own[first]), Some(first));
                assert_eq!(roster.find(&String::from(&**name)), Some(number));
                assert_eq!(roster.find("d"), None);
            }
        }
    }

    #[test]
    fn who_is_gone_is_not_found_and_leaves_its_number() {
        let mut roster = roster(&["a", "b", "c"]);
        let b = Arc::clone(roster.get(1).unwrap());
        roster.remove(1);
        assert_eq!((roster.find("a"), roster.find(&b), roster.len()), (Some(0), None, 2));
        assert_eq!((roster.free(None), roster.free(Some(0)), roster.free(Some(1))), (1, 1, 3));
        roster.insert(1, Arc::from("d"));
        assert_eq!((roster.find("a"), roster.find(&b), roster.find("d")), (Some(0), None, Some(1)));
        assert_eq!(roster.free(None), 3);
    }
}
