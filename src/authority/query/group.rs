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
                if !value.is_null() {
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
    let result = fold(aggregate.summary, &values)?;
    Ok(match (&result, &aggregate.default) {
        (Value::Null, Some(default)) => default.clone(),
        _ => result,
    })
}

fn fold(summary: Summary, values: &[Value]) -> Result<Value, QueryError> {
    #[expect(clippy::cast_precision_loss, reason = "a count of rows in memory is far below 2^52")]
    let count = values.len() as f64;
    let sum = || values.iter().filter_map(Value::number).sum::<f64>();
    let variance = || {
        let mean = sum() / count;
        values.iter().filter_map(Value::number).map(|x| (x - mean).powi(2)).sum::<f64>() / count
    };
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
        Summary::Variance => Value::Float(variance()),
        Summary::StdDev => Value::Float(variance().sqrt()),
    })
}
