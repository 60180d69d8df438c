//! Values computed from a row.

use super::{Alias, Cond, Query};
use crate::domain::{Model, Value};

/// A value computed from a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A field of a row.
    Column {
        /// Which row.
        alias: Alias,
        /// Its model.
        model: Model,
        /// The place of the field in the model.
        field: usize,
    },
    /// A value that is known beforehand.
    Value(Value),
    /// A value of the row of the query around this one, still a name.
    OuterName(String),
    /// A value of the row of the query around this one.
    Outer(Box<Self>),
    /// A function.
    Call(Func, Vec<Self>),
    /// Arithmetic.
    Arithmetic(Arithmetic, Box<Self>, Box<Self>),
    /// The first whose condition holds.
    Case(Vec<(Cond, Self)>, Box<Self>),
    /// A value that sums up several rows.
    Aggregate(Box<Aggregate>),
    /// The first selected value of the first row of a query.
    Sub(Box<Query>),
    /// Whether a query has a row.
    Exists(Box<Query>),
    /// Whether a condition holds.
    Test(Box<Cond>),
}

/// An arithmetic operation, with SQLite's results: whole numbers divide to whole ones, by zero to no value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%%`
    Mod,
    /// `^`
    Pow,
    /// `&`
    BitAnd,
    /// `|`
    BitOr,
    /// `#`
    BitXor,
    /// `<<`
    ShiftLeft,
    /// `>>`
    ShiftRight,
}

/// A part of a moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// The year.
    Year,
    /// The year to which the ISO week belongs.
    IsoYear,
    /// The month, 1 to 12.
    Month,
    /// The day of the month.
    Day,
    /// The ISO week.
    Week,
    /// The day of the week, Sunday being 1.
    WeekDay,
    /// The day of the week, Monday being 1.
    IsoWeekDay,
    /// The quarter, 1 to 4.
    Quarter,
    /// The hour.
    Hour,
    /// The minute.
    Minute,
    /// The second.
    Second,
    /// No part that Django knows: asking for it fails on a row.
    Unknown,
}

/// To what a moment is cut down.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trunc {
    /// The first of January.
    Year,
    /// The first of the quarter.
    Quarter,
    /// The first of the month.
    Month,
    /// The Monday.
    Week,
    /// Midnight.
    Day,
    /// The full hour.
    Hour,
    /// The full minute.
    Minute,
    /// The full second.
    Second,
}

/// A function of values.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Func {
    /// ASCII letters made small, as SQLite does.
    Lower,
    /// ASCII letters made capital.
    Upper,
    /// The number of characters.
    Length,
    /// Texts one behind the other; a missing one counts as empty.
    Concat,
    /// The first that is there.
    Coalesce,
    /// Without blanks at both ends.
    Trim,
    /// Without blanks at the start.
    LTrim,
    /// Without blanks at the end.
    RTrim,
    /// From the nth character, so many.
    Substr,
    /// The first characters.
    Left,
    /// The last characters.
    Right,
    /// One text in place of another.
    Replace,
    /// At which character a text begins, 0 for nowhere.
    StrIndex,
    /// Backwards.
    Reverse,
    /// Several times.
    Repeat,
    /// Filled up on the left.
    LPad,
    /// Filled up on the right.
    RPad,
    /// Without sign.
    Abs,
    /// Rounded to so many digits.
    Round,
    /// The next whole number.
    Ceil,
    /// The whole number before.
    Floor,
    /// The remainder.
    Mod,
    /// The power.
    Power,
    /// The square root.
    Sqrt,
    /// -1, 0 or 1.
    Sign,
    /// The greatest; none where one is missing.
    Greatest,
    /// The least; none where one is missing.
    Least,
    /// None where both are equal.
    NullIf,
    /// The present moment.
    Now,
    /// As a whole number.
    ToInt,
    /// As a floating-point number.
    ToFloat,
    /// As text.
    ToText,
    /// As true or false.
    ToBool,
    /// As a boolean field reads it: 1 and 0 are true and false, all else stays.
    Truth,
    /// The character of a number.
    Chr,
    /// The number of the first character.
    Ord,
    /// A function of numbers.
    Math(Math),
    /// The hash of a text, as hex digits.
    Hash(Hash),
    /// The day of a moment.
    ToDate,
    /// The time of the day of a moment.
    ToClock,
    /// A part of a moment.
    Extract(Part),
    /// A moment, cut down; its first instant.
    Truncate(Trunc),
    /// A moment, cut down, as a day.
    TruncateDate(Trunc),
}

/// A function of numbers; no value of what is outside of its domain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Math {
    /// The angle of a cosine.
    ACos,
    /// The angle of a sine.
    ASin,
    /// The angle of a tangent.
    ATan,
    /// The angle of a point.
    ATan2,
    /// The cosine.
    Cos,
    /// The cotangent.
    Cot,
    /// Radians as degrees.
    Degrees,
    /// The power of e.
    Exp,
    /// The natural logarithm.
    Ln,
    /// The logarithm to a base, which comes first.
    Log,
    /// The number itself.
    Pi,
    /// Degrees as radians.
    Radians,
    /// The sine.
    Sin,
    /// The tangent.
    Tan,
}

/// A hash of a text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hash {
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// A value that sums up several rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// How.
    pub summary: Summary,
    /// Of what; `None`: of the rows themselves (`COUNT(*)`).
    pub of: Option<Expr>,
    /// Equal values once only.
    pub distinct: bool,
    /// Only of rows for which this holds.
    pub filter: Option<Cond>,
    /// What it is where there is no row.
    pub default: Option<Value>,
}

/// How rows are summed up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Summary {
    /// How many have a value.
    Count,
    /// The sum.
    Sum,
    /// The mean.
    Avg,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The mean square distance from the mean.
    Variance,
    /// Its square root.
    StdDev,
    /// The variance of all of whom these are a sample.
    SampleVariance,
    /// Its square root.
    SampleStdDev,
}
