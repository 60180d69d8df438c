//! Summing up rows.

use super::{
    QueryError,
    eval::{Env, Eval, same},
};
use crate::domain::{
    Value,
    filter::{Aggregate, Summary},
};

/// The value of an aggregate over the gathered rows.
pub(super) fn summarize(eval: &mut Eval<'_, '_>, aggregate: &Aggregate, env: &Env<'_>) -> Result<Value, QueryError> {
    let mut values: Vec<Value> = Vec::new();
    let mut rows = 0_i64;
    let mut missing = false;
    for tuple in env.group.unwrap_or_default() {
        let inner = Env { tuple, group: None, outer: env.outer, counted: None };
        if let Some(filter) = &aggregate.filter
            && eval.cond(filter, &inner)? != Some(true)
        {
            continue;
        }
        match &aggregate.of {
            None => rows += 1,
            Some(expr) if aggregate.summary == Summary::Count && !aggregate.distinct => {
                rows += i64::from(!eval.is_missing(expr, &inner)?);
            }
            Some(expr) => {
                let value = eval.expr(expr, &inner)?;
                if value.is_null() {
                    missing = true;
                } else {
                    values.push(value.into_owned());
                }
            }
        }
    }
    if aggregate.summary == Summary::Count && !(aggregate.distinct && aggregate.of.is_some()) {
        return Ok(Value::Int(rows));
    }
    if aggregate.distinct {
        values.sort_by(Value::order);
        values.dedup_by(|a, b| same(a, b));
    }
    // Django hands these to Python's `statistics`, which takes numbers only.
    if let Some(sample) = spread(aggregate.summary)
        && (missing || (sample && values.len() == 1))
    {
        return Err(QueryError::Finalize);
    }
    let result = fold(aggregate.summary, &values)?;
    Ok(match (&result, &aggregate.default) {
        (Value::Null, Some(default)) => default.clone(),
        _ => result,
    })
}

/// Of a spread of values: whether they are a sample.
const fn spread(summary: Summary) -> Option<bool> {
    match summary {
        Summary::Variance | Summary::StdDev => Some(false),
        Summary::SampleVariance | Summary::SampleStdDev => Some(true),
        Summary::Count | Summary::Sum | Summary::Avg | Summary::Min | Summary::Max => None,
    }
}

/// The mean square distance from the mean; exact where the values are whole numbers.
fn variance(values: &[Value], freedom: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "the one rounding of the result")]
    if let Some(whole) = values.iter().map(|value| value.int().map(i128::from)).collect::<Option<Vec<_>>>()
        && let Some(square) = whole.iter().try_fold(0_i128, |sum, n| sum.checked_add(n.checked_mul(*n)?))
        && let sum = whole.iter().sum::<i128>()
        && let Some(above) = square.checked_mul(whole.len() as i128).zip(sum.checked_mul(sum)).map(|(a, b)| a - b)
    {
        return above as f64 / (whole.len() * (whole.len() - freedom)) as f64;
    }
    let numbers: Vec<f64> = values.iter().filter_map(Value::number).collect();
    #[expect(clippy::cast_precision_loss, reason = "a count of rows in memory is far below 2^52")]
    let (count, free) = (numbers.len() as f64, (numbers.len() - freedom) as f64);
    let mean = numbers.iter().sum::<f64>() / count;
    numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / free
}

fn fold(summary: Summary, values: &[Value]) -> Result<Value, QueryError> {
    #[expect(clippy::cast_precision_loss, reason = "a count of rows in memory is far below 2^52")]
    let count = values.len() as f64;
    let sum = || values.iter().filter_map(|value| value.counted().number()).sum::<f64>();
    Ok(match summary {
        Summary::Count => Value::Int(i64::try_from(values.len()).unwrap_or(i64::MAX)),
        _ if values.is_empty() => Value::Null,
        Summary::Sum => match values.iter().map(Value::int).collect::<Option<Vec<_>>>() {
            Some(whole) => {
                let total =
                    whole.iter().try_fold(0_i64, |total, n| total.checked_add(*n)).ok_or(QueryError::Overflow)?;
                if values.iter().all(|v| matches!(v, Value::Span(_))) { Value::Span(total) } else { Value::Int(total) }
            }
            None => Value::Float(sum()),
        },
        Summary::Avg => Value::Float(sum() / count),
        Summary::Min => values.iter().min_by(|a, b| a.order(b)).cloned().unwrap_or_default(),
        Summary::Max => values.iter().max_by(|a, b| a.order(b)).cloned().unwrap_or_default(),
        Summary::Variance => Value::Float(variance(values, 0)),
        Summary::StdDev => Value::Float(variance(values, 0).sqrt()),
        Summary::SampleVariance => Value::Float(variance(values, 1)),
        Summary::SampleStdDev => Value::Float(variance(values, 1).sqrt()),
    })
}
