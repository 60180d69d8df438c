//! Names of operations and functions, and of what kind the values of an expression are.

use super::value::{Out, label};
use crate::domain::{
    Value,
    filter::{Arithmetic, Expr, Func, Hash, Math, Select, Summary, Trunc},
};

/// Of what the values of an expression are, as far as it can be told.
pub(super) fn out_of(expr: &Expr) -> Out {
    match expr {
        Expr::Column { model, field, .. } => Out::of(&model.describe().fields[*field]),
        Expr::Value(value) => match value {
            Value::Null => Out::Any,
            Value::Bool(_) => Out::Bool,
            Value::Int(_) => Out::Int,
            Value::Float(_) => Out::Float,
            Value::Text(_) => Out::Text,
            Value::Time(_) => Out::DateTime,
            Value::Date(_) => Out::Date,
            Value::Clock(_) => Out::Clock,
            Value::Span(_) => Out::Span,
        },
        Expr::OuterName(_) => Out::Any,
        Expr::Outer(inner) => out_of(inner),
        Expr::Call(func, args) => out_of_call(*func, args),
        Expr::Arithmetic(_, left, right) => match (out_of(left), out_of(right)) {
            (Out::Int, Out::Int) => Out::Int,
            (Out::DateTime, Out::Span) => Out::DateTime,
            (Out::DateTime, Out::DateTime) => Out::Span,
            (Out::Float, _) | (_, Out::Float) => Out::Float,
            _ => Out::Any,
        },
        Expr::Case(arms, otherwise) => arms.first().map_or_else(|| out_of(otherwise), |(_, then)| out_of(then)),
        Expr::Aggregate(aggregate) => match (aggregate.summary, &aggregate.of) {
            (Summary::Count, _) => Out::Int,
            (
                Summary::Avg | Summary::Variance | Summary::StdDev | Summary::SampleVariance | Summary::SampleStdDev,
                _,
            ) => Out::Float,
            // Truth is summed up as 1 and 0.
            (Summary::Sum, Some(of)) if out_of(of) == Out::Bool => Out::Int,
            (Summary::Sum | Summary::Min | Summary::Max, Some(of)) => out_of(of),
            (Summary::Sum | Summary::Min | Summary::Max, None) => Out::Any,
        },
        Expr::Sub(query) => match &query.select {
            Select::Values(values) => values.first().map_or(Out::Any, |(_, expr)| out_of(expr)),
            Select::Row | Select::Only(_) => Out::Any,
        },
        Expr::Exists(_) | Expr::Test(_) => Out::Bool,
    }
}

fn out_of_call(func: Func, args: &[Expr]) -> Out {
    let first = || args.first().map_or(Out::Any, out_of);
    match func {
        Func::Lower
        | Func::Upper
        | Func::Concat
        | Func::Trim
        | Func::LTrim
        | Func::RTrim
        | Func::Substr
        | Func::Left
        | Func::Right
        | Func::Replace
        | Func::Reverse
        | Func::Repeat
        | Func::LPad
        | Func::RPad
        | Func::Chr
        | Func::Hash(_)
        | Func::ToText => Out::Text,
        Func::Length | Func::StrIndex | Func::Sign | Func::Ord | Func::ToInt | Func::Extract(_) => Out::Int,
        Func::Coalesce | Func::Greatest | Func::Least | Func::NullIf | Func::Abs | Func::Ceil | Func::Floor => first(),
        Func::Round | Func::Mod | Func::Power | Func::Sqrt | Func::ToFloat | Func::Math(_) => Out::Float,
        Func::Now | Func::Truncate(_) => Out::DateTime,
        Func::ToBool | Func::Truth => Out::Bool,
        Func::ToDate | Func::TruncateDate(_) => Out::Date,
        Func::ToClock => Out::Clock,
    }
}

/// The name of the field behind an expression, as errors about values have it; `None` where there is no field.
pub(super) fn field_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Column { model, field, .. } => Some(label(*model, &model.describe().fields[*field])),
        Expr::Call(
            Func::Lower
            | Func::Upper
            | Func::Trim
            | Func::LTrim
            | Func::RTrim
            | Func::Reverse
            | Func::Replace
            | Func::Coalesce
            | Func::Greatest
            | Func::Least
            | Func::NullIf
            | Func::Abs
            | Func::Ceil
            | Func::Floor
            | Func::Round,
            args,
        ) => field_name(args.first()?),
        Expr::Aggregate(aggregate) => match aggregate.summary {
            Summary::Sum | Summary::Min | Summary::Max => field_name(aggregate.of.as_ref()?),
            Summary::Count
            | Summary::Avg
            | Summary::Variance
            | Summary::StdDev
            | Summary::SampleVariance
            | Summary::SampleStdDev => None,
        },
        Expr::Case(arms, _) => field_name(&arms.first()?.1),
        Expr::Outer(inner) => field_name(inner),
        Expr::Value(_)
        | Expr::OuterName(_)
        | Expr::Call(..)
        | Expr::Arithmetic(..)
        | Expr::Sub(_)
        | Expr::Exists(_)
        | Expr::Test(_) => None,
    }
}

/// Django's class of field of this name.
pub(super) fn class_named(name: &str) -> Option<&'static str> {
    const NAMES: [&str; 19] = [
        "AutoField",
        "BigAutoField",
        "BigIntegerField",
        "BooleanField",
        "CharField",
        "DateField",
        "DateTimeField",
        "DecimalField",
        "DurationField",
        "EmailField",
        "FloatField",
        "IntegerField",
        "OneToOneField",
        "ForeignKey",
        "PositiveSmallIntegerField",
        "SmallIntegerField",
        "TextField",
        "TimeField",
        "UUIDField",
    ];
    NAMES.into_iter().find(|known| *known == name)
}

/// The expression whose values are read as a field of this class reads them.
pub(super) fn read_as(expr: Expr, class: Option<&str>) -> Expr {
    // The arms of a choice may be of another kind than the first.
    let out = if let Expr::Case(..) = &expr { Out::Any } else { out_of(&expr) };
    let func = match class {
        Some("FloatField") if out != Out::Float => Func::ToFloat,
        Some(class) if class.ends_with("IntegerField") && out != Out::Int => Func::ToInt,
        Some("BooleanField") if out != Out::Bool => Func::Truth,
        Some(_) | None => return expr,
    };
    Expr::Call(func, vec![expr])
}

pub(super) fn operation(sign: &str) -> Option<Arithmetic> {
    Some(match sign {
        "+" => Arithmetic::Add,
        "-" => Arithmetic::Sub,
        "*" => Arithmetic::Mul,
        "/" => Arithmetic::Div,
        "%%" => Arithmetic::Mod,
        "^" => Arithmetic::Pow,
        "&" => Arithmetic::BitAnd,
        "|" => Arithmetic::BitOr,
        "#" => Arithmetic::BitXor,
        "<<" => Arithmetic::ShiftLeft,
        ">>" => Arithmetic::ShiftRight,
        _ => return None,
    })
}

pub(super) fn summary(name: &str) -> Option<Summary> {
    Some(match name {
        "Count" => Summary::Count,
        "Sum" => Summary::Sum,
        "Avg" => Summary::Avg,
        "Min" => Summary::Min,
        "Max" => Summary::Max,
        "Variance" => Summary::Variance,
        "StdDev" => Summary::StdDev,
        "SampleVariance" => Summary::SampleVariance,
        "SampleStdDev" => Summary::SampleStdDev,
        _ => return None,
    })
}

pub(super) fn trunc(name: &str) -> Option<Trunc> {
    Some(match name {
        "year" => Trunc::Year,
        "quarter" => Trunc::Quarter,
        "month" => Trunc::Month,
        "week" => Trunc::Week,
        "day" => Trunc::Day,
        "hour" => Trunc::Hour,
        "minute" => Trunc::Minute,
        "second" => Trunc::Second,
        _ => return None,
    })
}

pub(super) fn function(name: &str) -> Option<Func> {
    Some(match name {
        "Lower" => Func::Lower,
        "Upper" => Func::Upper,
        "Length" => Func::Length,
        "Concat" | "ConcatPair" => Func::Concat,
        "Coalesce" => Func::Coalesce,
        "Trim" => Func::Trim,
        "LTrim" => Func::LTrim,
        "RTrim" => Func::RTrim,
        "Substr" => Func::Substr,
        "Left" => Func::Left,
        "Right" => Func::Right,
        "Replace" => Func::Replace,
        "StrIndex" => Func::StrIndex,
        "Reverse" => Func::Reverse,
        "Repeat" => Func::Repeat,
        "LPad" => Func::LPad,
        "RPad" => Func::RPad,
        "Abs" => Func::Abs,
        "Round" => Func::Round,
        "Ceil" => Func::Ceil,
        "Floor" => Func::Floor,
        "Mod" => Func::Mod,
        "Power" => Func::Power,
        "Sqrt" => Func::Sqrt,
        "Sign" => Func::Sign,
        "Greatest" => Func::Greatest,
        "Least" => Func::Least,
        "NullIf" => Func::NullIf,
        "Now" => Func::Now,
        "ToInt" => Func::ToInt,
        "ToFloat" => Func::ToFloat,
        "ToText" => Func::ToText,
        "ToBool" => Func::ToBool,
        "Chr" => Func::Chr,
        "Ord" => Func::Ord,
        "ACos" => Func::Math(Math::ACos),
        "ASin" => Func::Math(Math::ASin),
        "ATan" => Func::Math(Math::ATan),
        "ATan2" => Func::Math(Math::ATan2),
        "Cos" => Func::Math(Math::Cos),
        "Cot" => Func::Math(Math::Cot),
        "Degrees" => Func::Math(Math::Degrees),
        "Exp" => Func::Math(Math::Exp),
        "Ln" => Func::Math(Math::Ln),
        "Log" => Func::Math(Math::Log),
        "Pi" => Func::Math(Math::Pi),
        "Radians" => Func::Math(Math::Radians),
        "Sin" => Func::Math(Math::Sin),
        "Tan" => Func::Math(Math::Tan),
        "MD5" => Func::Hash(Hash::Md5),
        "SHA1" => Func::Hash(Hash::Sha1),
        "SHA224" => Func::Hash(Hash::Sha224),
        "SHA256" => Func::Hash(Hash::Sha256),
        "SHA384" => Func::Hash(Hash::Sha384),
        "SHA512" => Func::Hash(Hash::Sha512),
        "ToDate" => Func::ToDate,
        "ToClock" => Func::ToClock,
        _ => return None,
    })
}
