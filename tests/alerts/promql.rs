//! The series that a `PromQL` expression selects, and the labels of its result.

use std::collections::{BTreeMap, BTreeSet};

use promql_parser::{
    label::MatchOp,
    parser::{self, AggregateExpr, BinaryExpr, Call, Expr, LabelModifier, VectorSelector},
};

pub(crate) type Labels = BTreeSet<String>;

/// Every series that can be queried, with its labels.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) metrics: BTreeMap<String, Labels>,
    /// The values that a label may have, if they are a closed set.
    pub(crate) values: BTreeMap<String, BTreeSet<String>>,
}

impl Names {
    /// The labels of the expression's result, or the first name in it that does not exist.
    pub(crate) fn labels(&self, expression: &str) -> Result<Labels, String> {
        self.of(&parser::parse(expression)?)
    }

    fn of(&self, expression: &Expr) -> Result<Labels, String> {
        match expression {
            Expr::VectorSelector(selector) => self.selector(selector),
            Expr::MatrixSelector(matrix) => self.selector(&matrix.vs),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate),
            Expr::Binary(binary) => self.binary(binary),
            Expr::Call(call) => self.call(call),
            Expr::Unary(unary) => self.of(&unary.expr),
            Expr::Paren(paren) => self.of(&paren.expr),
            Expr::Subquery(subquery) => self.of(&subquery.expr),
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) => Ok(Labels::new()),
            Expr::Extension(_) => Err("an extension".to_owned()),
        }
    }

    fn selector(&self, selector: &VectorSelector) -> Result<Labels, String> {
        let metric = selector.name.as_deref().ok_or("a selector without a metric")?;
        let labels = self.metrics.get(metric).ok_or(format!("no metric {metric}"))?;
        for matcher in &selector.matchers.matchers {
            known(labels, &matcher.name).map_err(|error| format!("{metric}: {error}"))?;
            let Some(values) = self.values.get(&matcher.name) else { continue };
            let alternatives: Vec<&str> = match matcher.op {
                MatchOp::Equal | MatchOp::NotEqual => vec![&matcher.value],
                MatchOp::Re(_) | MatchOp::NotRe(_) => matcher.value.split('|').collect(),
            };
            if let Some(unknown) = alternatives.into_iter().find(|value| !values.contains(*value)) {
                return Err(format!("{metric}: {} is never {unknown}", matcher.name));
            }
        }
        Ok(labels.clone())
    }

    fn aggregate(&self, aggregate: &AggregateExpr) -> Result<Labels, String> {
        let inner = self.of(&aggregate.expr)?;
        let keeps_all = ["topk", "bottomk"].contains(&aggregate.op.to_string().as_str());
        // `count_values` puts the value into a label, whose name is its parameter.
        let value = aggregate.param.as_deref().into_iter().filter_map(|param| {
            let Expr::StringLiteral(label) = param else { return None };
            Some(label.val.clone())
        });
        match &aggregate.modifier {
            None => Ok(if keeps_all { inner } else { value.collect() }),
            Some(LabelModifier::Include(by)) => {
                by.labels.iter().try_for_each(|label| known(&inner, label))?;
                Ok(if keeps_all { inner } else { by.labels.iter().cloned().chain(value).collect() })
            }
            Some(LabelModifier::Exclude(without)) => {
                without.labels.iter().try_for_each(|label| known(&inner, label))?;
                Ok(inner.into_iter().chain(value).filter(|label| !without.labels.contains(label)).collect())
            }
        }
    }

    fn binary(&self, binary: &BinaryExpr) -> Result<Labels, String> {
        let (left, right) = (self.of(&binary.lhs)?, self.of(&binary.rhs)?);
        let modifier = binary.modifier.as_ref();
        let on = match modifier.and_then(|modifier| modifier.matching.as_ref()) {
            Some(LabelModifier::Include(on)) => Some(&on.labels),
            Some(LabelModifier::Exclude(_)) | None => None,
        };
        for label in on.into_iter().flatten() {
            known(&left, label)?;
            known(&right, label)?;
        }
        let grouped = modifier.and_then(|modifier| modifier.card.labels());
        for label in grouped.iter().flat_map(|labels| &labels.labels) {
            known(&right, label)?;
        }
        let vector = |side: &Expr| side.value_type() == parser::value::ValueType::Vector;
        Ok(match (vector(&binary.lhs), vector(&binary.rhs)) {
            (false, _) => right,
            (true, false) => left,
            (true, true) if binary.op.is_set_operator() => left,
            (true, true) => match (grouped, on) {
                (Some(grouped), _) => left.into_iter().chain(grouped.labels.iter().cloned()).collect(),
                (None, Some(on)) if !binary.op.is_comparison_operator() => on.iter().cloned().collect(),
                (None, _) => left,
            },
        })
    }

    fn call(&self, call: &Call) -> Result<Labels, String> {
        let mut labels = Labels::new();
        for argument in &call.args.args {
            labels.extend(self.of(argument)?);
        }
        if call.func.name == "label_replace" {
            let words: Vec<&str> = call
                .args
                .args
                .iter()
                .filter_map(|argument| {
                    if let Expr::StringLiteral(word) = argument.as_ref() {
                        Some(word.val.as_str())
                    } else {
                        None
                    }
                })
                .collect();
            known(&labels, words[2])?;
            labels.insert(words[0].to_owned());
        }
        Ok(labels)
    }
}

fn known(labels: &Labels, label: &str) -> Result<(), String> {
    // A target's own label of the same name makes the exporter's `exported_…`.
    if labels.contains(label.trim_start_matches("exported_")) {
        Ok(())
    } else {
        Err(format!("no label {label} in {labels:?}"))
    }
}
