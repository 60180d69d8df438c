//! Stored password strings of every Django hasher: `check_password` must say of each what Django's says.

use serde_json::Value;

use super::judge::Case;
use super::recordings::{document, list, text};
use super::support::TestEnv;
use super::workers;

/// How many are checked by one process: enough to pay for its start, few enough to lose little when it dies.
const BATCH: usize = 5;

/// Checks them all.
pub(crate) fn cases() -> Vec<Case> {
    let recordings = document("passwords.json");
    let batches: Vec<&[Value]> = list(&recordings, "vectors").chunks(BATCH).collect();
    workers::map(&batches, |batch| check(batch)).into_iter().flatten().collect()
}

fn check(vectors: &[Value]) -> Vec<Case> {
    let mut script = String::from(
        "from django.contrib.auth.hashers import check_password\n\
         def _check(password, encoded):\n\
        \x20   try:\n\
        \x20       print(check_password(password, encoded))\n\
        \x20   except Exception as error:\n\
        \x20       print(f'{type(error).__name__}: {error}')\n",
    );
    for vector in vectors {
        // A JSON string is a Python string as well: serde writes nothing beyond ASCII as an escape.
        script += &format!("_check({}, {})\n", vector["password"], vector["encoded"]);
    }
    let output = TestEnv::new().python(&script);
    let mut answers = output.stdout.lines();
    let judge = |vector: &Value| {
        let mut case = Case::new(text(vector, "id"), text(vector, "encoded"));
        let got = answers.next().unwrap_or(&output.stderr);
        case.compare("answer", &recorded(vector), got);
        case
    };
    vectors.iter().map(judge).collect()
}

fn recorded(vector: &Value) -> String {
    match (vector["verifies"].as_bool(), vector["raises"].as_str()) {
        (Some(true), _) => "True".to_owned(),
        (Some(false), _) => "False".to_owned(),
        (None, raised) => raised.unwrap_or_default().to_owned(),
    }
}
