//! Which names a scenario file may use, and what a name in it stands for.
//!
//! A plan's name stands for all of its units, and its name with a number for one of them. No two plans may
//! make the same name, so that a name never stands for more than was meant.

use toml::Spanned;

use super::{
    Target, UnitPlan,
    file::{shortened, unknown},
    text::Misfit,
};

pub(super) fn check_name(name: &Spanned<String>) -> Result<(), Misfit> {
    let text = name.get_ref();
    let fine = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if text.is_empty() || text.len() > 64 || !text.chars().all(fine) || text == "any" {
        let what = format!(
            "`{}` cannot be a name; expected 1 to 64 letters, digits, dots, hyphens or underscores, and not `any`",
            shortened(text)
        );
        return Err((name.span().start, what));
    }
    Ok(())
}

/// The number of the one unit that `name` means among `count` called `plan`, if there are several.
fn number_in(plan: &str, count: u32, name: &str) -> Option<u32> {
    let digits = name.strip_prefix(plan)?.strip_prefix('-')?;
    let number = digits.parse::<u32>().ok()?;
    // `web-02` and `web-+2` are not how the unit is called.
    (count > 1 && (1..=count).contains(&number) && number.to_string() == digits).then_some(number)
}

/// Refuses a name that an earlier plan makes already, or that makes one that an earlier plan has.
pub(super) fn check_free(name: &Spanned<String>, count: u32, earlier: &[UnitPlan]) -> Result<(), Misfit> {
    let text = name.get_ref();
    for unit in earlier {
        let what = if unit.name == *text {
            format!("there is a unit named `{text}` further up")
        } else if number_in(&unit.name, unit.count, text).is_some() {
            format!("`{text}` is one of the {} units named `{}` further up", unit.count, unit.name)
        } else if number_in(text, count, &unit.name).is_some() {
            format!("one of these {count} units would be `{}`, which is further up", unit.name)
        } else {
            continue;
        };
        return Err((name.span().start, what));
    }
    Ok(())
}

/// Refuses dependencies on what is not further up, and says where it is if it is anywhere.
pub(super) fn check_dependencies(
    name: &str,
    depends_on: &[Spanned<String>],
    earlier: &[UnitPlan],
    all: &[String],
) -> Result<(), Misfit> {
    for (place, on) in depends_on.iter().enumerate() {
        let text = on.get_ref();
        let what = if depends_on[..place].iter().any(|other| other.get_ref() == text) {
            format!("`{text}` stands here twice")
        } else if earlier.iter().any(|unit| unit.name == *text) {
            continue;
        } else if text == name {
            format!("`{text}` cannot depend on itself")
        } else if all.contains(text) {
            format!("`{text}` stands further down; a unit depends on units further up")
        } else {
            let names: Vec<&str> = earlier.iter().map(|unit| unit.name.as_str()).collect();
            unknown("unit further up", text, &names)
        };
        return Err((on.span().start, what));
    }
    Ok(())
}

/// What an operator means; `start` is where its ask stands.
pub(super) fn target(
    unit: Option<Spanned<String>>,
    start: usize,
    ask: &str,
    units: &[UnitPlan],
) -> Result<Target, Misfit> {
    let Some(unit) = unit else {
        let what = format!("the ask `{ask}` needs a `unit`: a name, name-N for one of several, or `any`");
        return Err((start, what));
    };
    let place = unit.span().start;
    let name = unit.into_inner();
    if name == "any" {
        return if units.is_empty() {
            Err((place, "there are no units of which one could be meant".to_owned()))
        } else {
            Ok(Target::Any)
        };
    }
    let means = |plan: &UnitPlan| plan.name == name || number_in(&plan.name, plan.count, &name).is_some();
    if units.iter().any(means) {
        return Ok(Target::Named(name));
    }
    let group = units.iter().find(|plan| {
        let rest = name.strip_prefix(plan.name.as_str()).and_then(|rest| rest.strip_prefix('-'));
        plan.count > 1 && rest.is_some_and(|rest| rest.trim_start_matches('+').parse::<u32>().is_ok())
    });
    let what = group.map_or_else(
        || {
            let names: Vec<&str> = units.iter().map(|unit| unit.name.as_str()).collect();
            unknown("unit", &name, &names)
        },
        |plan| {
            let (all, count) = (&plan.name, plan.count);
            format!("unknown unit `{}`; known are: {all}, and {all}-1 to {all}-{count}", shortened(&name))
        },
    );
    Err((place, what))
}
