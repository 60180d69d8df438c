//! Django's functions of values, with SQLite's answers.

use std::{borrow::Cow, cmp::Ordering};

use md5::{Digest, Md5};

use super::{QueryError, moments};
use crate::domain::{
    Timestamp, Value,
    filter::{Func, Hash, Math, Part},
};

/// The value of a function.
///
/// # Errors
/// Where a function of Django's own raises an exception.
pub(super) fn call(func: Func, args: &[Cow<'_, Value>], now: Timestamp) -> Result<Value, QueryError> {
    match func {
        Func::Math(math) => self::math(math, args),
        Func::Hash(hash) => match args.first().map(|arg| &**arg) {
            None | Some(Value::Null) => Ok(Value::Null),
            Some(value) if value.int().is_some() || value.number().is_some() => Err(QueryError::Function),
            Some(value) => Ok(Value::Text(digest(hash, &value.to_text().unwrap_or_default()))),
        },
        Func::Extract(Part::Unknown) if args.first().is_some_and(|arg| !arg.is_null()) => Err(QueryError::Function),
        other => Ok(plain(other, args, now)),
    }
}

/// The value of a function that always has one.
fn plain(func: Func, args: &[Cow<'_, Value>], now: Timestamp) -> Value {
    let arg = |n: usize| args.get(n).map_or(&Value::Null, |value| &**value);
    let first = arg(0);
    let text = |n: usize| arg(n).to_text();
    let count = |n: usize| arg(n).int();
    let on_text = |f: &dyn Fn(String) -> Option<Value>| text(0).and_then(f).unwrap_or_default();
    let on_number = |f: &dyn Fn(f64) -> Value| first.number().map_or(Value::Null, f);
    match func {
        Func::Lower => on_text(&|text| Some(Value::Text(text.to_ascii_lowercase()))),
        Func::Upper => on_text(&|text| Some(Value::Text(text.to_ascii_uppercase()))),
        Func::Length => on_text(&|text| Some(length(&text))),
        Func::Concat => Value::Text(args.iter().filter_map(|arg| arg.to_text()).collect()),
        Func::Coalesce => args.iter().find(|arg| !arg.is_null()).map_or(Value::Null, |arg| arg.clone().into_owned()),
        Func::Trim => on_text(&|text| Some(Value::from(text.trim_matches(' ')))),
        Func::LTrim => on_text(&|text| Some(Value::from(text.trim_start_matches(' ')))),
        Func::RTrim => on_text(&|text| Some(Value::from(text.trim_end_matches(' ')))),
        Func::Substr => on_text(&|text| {
            let length = args.get(2).map(|length| length.int().unwrap_or(0));
            Some(Value::Text(substr(&text, count(1)?, length)))
        }),
        Func::Left => on_text(&|text| Some(Value::Text(substr(&text, 1, Some(count(1)?))))),
        Func::Right => on_text(&|text| {
            let wanted = usize::try_from(count(1)?).ok()?;
            let skip = text.chars().count().saturating_sub(wanted);
            Some(Value::Text(text.chars().skip(skip).collect()))
        }),
        Func::Replace => on_text(&|all| {
            let (from, to) = (text(1)?, text(2).unwrap_or_default());
            Some(Value::Text(if from.is_empty() { all } else { all.replace(&from, &to) }))
        }),
        Func::StrIndex => on_text(&|all| {
            let wanted = text(1)?;
            Some(all.find(&wanted).map_or(Value::Int(0), |at| match length(&all[..at]) {
                Value::Int(before) => Value::Int(before + 1),
                other => other,
            }))
        }),
        Func::Reverse => on_text(&|text| Some(Value::Text(text.chars().rev().collect()))),
        Func::Repeat => on_text(&|text| {
            let times = usize::try_from(count(1)?).unwrap_or(0);
            (text.len().saturating_mul(times) < 1 << 24).then(|| Value::Text(text.repeat(times)))
        }),
        Func::LPad | Func::RPad => on_text(&|all| {
            let wanted = usize::try_from(count(1)?).unwrap_or(0).min(1 << 24);
            let fill = text(2).unwrap_or_else(|| " ".into());
            Some(Value::Text(pad(func, &all, wanted, &fill)))
        }),
        Func::Abs => match first {
            Value::Int(n) => Value::Int(n.saturating_abs()),
            other => other.number().map_or(Value::Null, |x| Value::Float(x.abs())),
        },
        Func::Round => on_number(&|x| {
            let scale = 10_f64.powi(i32::try_from(count(1).unwrap_or(0)).unwrap_or(0));
            Value::Float((x * scale).round() / scale)
        }),
        Func::Ceil if first.int().is_none() => on_number(&|x| Value::Float(x.ceil())),
        Func::Floor if first.int().is_none() => on_number(&|x| Value::Float(x.floor())),
        Func::Ceil | Func::Floor => first.clone(),
        Func::Sqrt => on_number(&|x| if x < 0.0 { Value::Null } else { Value::Float(x.sqrt()) }),
        Func::Sign => on_number(&|x| {
            Value::Int(match x.partial_cmp(&0.0) {
                Some(Ordering::Less) => -1,
                Some(Ordering::Greater) => 1,
                Some(Ordering::Equal) | None => 0,
            })
        }),
        Func::Mod => match arg(1).number() {
            Some(by) if by != 0.0 => on_number(&|x| Value::Float(x % by)),
            Some(_) | None => Value::Null,
        },
        Func::Power => match arg(1).number() {
            Some(by) => on_number(&|x| Value::Float(x.powf(by))),
            None => Value::Null,
        },
        Func::Greatest | Func::Least if args.iter().any(|arg| arg.is_null()) => Value::Null,
        Func::Greatest => args.iter().max_by(|a, b| a.order(b)).map_or(Value::Null, |v| v.clone().into_owned()),
        Func::Least => args.iter().min_by(|a, b| a.order(b)).map_or(Value::Null, |v| v.clone().into_owned()),
        Func::NullIf => {
            if !first.is_null() && first.order(arg(1)).is_eq() {
                Value::Null
            } else {
                first.clone()
            }
        }
        Func::Now => Value::Time(now),
        Func::ToInt => to_int(first),
        Func::ToFloat => first.counted().number().map_or(Value::Null, Value::Float),
        Func::ToText => first.to_text().map_or(Value::Null, Value::Text),
        // What SQLite makes of the type: a number, which a boolean field then reads.
        Func::ToBool => truth(first.counted()),
        Func::Truth => truth(first.clone()),
        Func::Chr => {
            let code = to_int(first).int().unwrap_or(0);
            let c = u32::try_from(code).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
            Value::Text(c.to_string())
        }
        Func::Ord => on_text(&|text| text.chars().next().map(|c| Value::Int(i64::from(u32::from(c))))),
        Func::Math(_) | Func::Hash(_) => Value::Null,
        Func::ToDate => moments::to_date(first),
        Func::ToClock => moments::to_clock(first),
        Func::Extract(part) => moments::extract(part, first),
        Func::Truncate(to) => moments::truncate(to, first),
        Func::TruncateDate(to) => moments::to_date(&moments::truncate(to, first)),
    }
}

fn length(text: &str) -> Value {
    Value::Int(i64::try_from(text.chars().count()).unwrap_or(i64::MAX))
}

/// A whole number stays one, as far as it fits.
fn whole(x: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    if x.abs() < 9e15 { Value::Int(x as i64) } else { Value::Float(x) }
}

/// SQLite's `SUBSTR`: counts from 1; a negative start counts from the end.
fn substr(text: &str, start: i64, length: Option<i64>) -> String {
    let total = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let begin = if start < 0 { (total + start).max(0) } else { (start - 1).max(0) };
    let take = length.map_or(usize::MAX, |length| usize::try_from(length).unwrap_or(0));
    text.chars().skip(usize::try_from(begin).unwrap_or(usize::MAX)).take(take).collect()
}

fn pad(func: Func, text: &str, wanted: usize, fill: &str) -> String {
    let missing = wanted.saturating_sub(text.chars().count());
    if missing == 0 || fill.is_empty() {
        return text.chars().take(wanted).collect();
    }
    let filler: String = fill.chars().cycle().take(missing).collect();
    if func == Func::LPad { filler + text } else { text.to_owned() + &filler }
}

/// SQLite's `CAST(... AS integer)`: the number at the start of a text, cut to a whole one.
fn to_int(value: &Value) -> Value {
    match value {
        Value::Text(text) => {
            let sign = usize::from(text.trim_start().starts_with(['-', '+']));
            let digits = text.trim_start()[sign..].bytes().take_while(u8::is_ascii_digit).count();
            Value::Int(text.trim_start()[..sign + digits].parse().unwrap_or(0))
        }
        other => match other.counted() {
            Value::Float(x) => whole(x.trunc()),
            number => number.int().map_or(Value::Null, Value::Int),
        },
    }
}

/// As a boolean field reads what SQLite has.
fn truth(value: Value) -> Value {
    match value.number() {
        Some(x) if x == 0.0 || x == 1.0 => Value::Bool(x != 0.0),
        Some(_) | None => value,
    }
}

fn math(math: Math, args: &[Cow<'_, Value>]) -> Result<Value, QueryError> {
    // SQLite knows no number but what is wholly one.
    let number = |n: usize| match args.get(n).map(|arg| &**arg) {
        Some(Value::Text(text)) => text.trim().parse::<f64>().ok(),
        Some(value) => value.number(),
        None => None,
    };
    let Some(x) = number(0).or((math == Math::Pi).then_some(0.0)) else { return Ok(Value::Null) };
    let result = match math {
        Math::ACos => x.acos(),
        Math::ASin => x.asin(),
        Math::ATan => x.atan(),
        Math::ATan2 => match number(1) {
            Some(y) => x.atan2(y),
            None => return Ok(Value::Null),
        },
        Math::Cos => x.cos(),
        Math::Cot if x.tan() == 0.0 => return Err(QueryError::Function),
        Math::Cot => 1.0 / x.tan(),
        Math::Degrees => x * (180.0 / std::f64::consts::PI),
        Math::Exp => x.exp(),
        Math::Ln if x <= 0.0 => f64::NAN,
        Math::Ln => x.ln(),
        Math::Log => match number(1) {
            Some(y) if x > 1.0 && y > 0.0 => y.ln() / x.ln(),
            Some(_) | None => f64::NAN,
        },
        Math::Pi => std::f64::consts::PI,
        Math::Radians => x * (std::f64::consts::PI / 180.0),
        Math::Sin => x.sin(),
        Math::Tan => x.tan(),
    };
    Ok(if result.is_nan() { Value::Null } else { Value::Float(result) })
}

fn digest(hash: Hash, text: &str) -> String {
    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::with_capacity(2 * bytes.len()), |all, byte| all + &format!("{byte:02x}"))
    }
    match hash {
        Hash::Md5 => hex(&Md5::digest(text)),
        Hash::Sha1 => hex(&sha1::Sha1::digest(text)),
        Hash::Sha224 => hex(&sha2::Sha224::digest(text)),
        Hash::Sha256 => hex(&sha2::Sha256::digest(text)),
        Hash::Sha384 => hex(&sha2::Sha384::digest(text)),
        Hash::Sha512 => hex(&sha2::Sha512::digest(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(func: Func, args: &[Value]) -> Value {
        let args: Vec<_> = args.iter().map(Cow::Borrowed).collect();
        call(func, &args, Timestamp(0)).expect("none of these fails")
    }

    #[test]
    fn functions_answer_as_sqlite() {
        assert_eq!(run(Func::Upper, &["zo\u{e9}".into()]), "ZO\u{e9}".into());
        assert_eq!(run(Func::Length, &["zo\u{e9}".into()]), Value::Int(3));
        assert_eq!(run(Func::Concat, &["a".into(), Value::Null, Value::Int(1)]), "a1".into());
        assert_eq!(run(Func::Substr, &["alice".into(), Value::Int(2), Value::Int(2)]), "li".into());
        assert_eq!(run(Func::StrIndex, &["alice".into(), "c".into()]), Value::Int(4));
        assert_eq!(run(Func::Lower, &[Value::Null]), Value::Null);
        assert_eq!(run(Func::ToInt, &["12a".into()]), Value::Int(12));
        assert_eq!(run(Func::LPad, &["7".into(), Value::Int(3), "0".into()]), "007".into());
        assert_eq!(run(Func::Greatest, &[Value::Int(1), Value::Null]), Value::Null);
        assert_eq!(run(Func::ToFloat, &["100%".into()]), Value::Float(100.0));
        assert_eq!(run(Func::ToBool, &[Value::Int(3)]), Value::Int(3));
        assert_eq!(run(Func::Math(Math::Ln), &[Value::Int(0)]), Value::Null);
        assert_eq!(run(Func::Math(Math::Log), &[Value::Int(10), Value::Int(100)]), Value::Float(2.0));
        assert_eq!(run(Func::Hash(Hash::Md5), &["".into()]), "d41d8cd98f00b204e9800998ecf8427e".into());
        assert_eq!(run(Func::Chr, &[Value::Int(-3)]), "\u{fffd}".into());
    }
}
