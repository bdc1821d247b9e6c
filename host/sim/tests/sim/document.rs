//! Compares the control interface with its own document: statuses, request bodies and answers. There are no tests here,
//! and only as much of JSON Schema as the document uses.

use gearshift_sim::Sim;
use reqwest::{Method, StatusCode};
use serde_json::Value;

/// A client of the control interface that checks everything.
pub struct Control {
    base: String,
    token: String,
    document: Value,
}

impl Control {
    pub async fn of(sim: &Sim) -> Self {
        let mut control =
            Self { base: sim.base_url(), token: sim.control_token().to_owned(), document: Value::Null };
        control.document = control.send(Method::GET, "/control/openapi.json", None).await.1;
        control
    }

    /// A call that must be described, and whose answer must be as described.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let operation = self.operation(&method, path);
        let (status, answer) = self.send(method, path, body.clone()).await;
        let response = self.resolved(&operation["responses"][status.as_str()]);
        assert!(response.is_object(), "{path}: {status} is not described: {answer}");
        if status == 204 {
            assert!(response.get("content").is_none() && answer.is_null(), "{path}: 204 with a body");
        } else {
            let schema = &response["content"]["application/json"]["schema"];
            self.check(schema, &answer).unwrap_or_else(|why| panic!("{path}: {why} in {answer}"));
        }
        if let Some(body) = body {
            let fits = self.check(&operation["requestBody"]["content"]["application/json"]["schema"], &body);
            assert_eq!(fits.is_ok(), status != 400, "{path}: {body}: {fits:?}, but {status}");
        }
        (status.as_u16(), answer)
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.call(Method::POST, path, Some(body)).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request =
            reqwest::Client::new().request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        assert!(!answer.headers().contains_key("access-control-allow-origin"));
        let status = answer.status();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    fn operation(&self, method: &Method, path: &str) -> &Value {
        let path = path.split('?').next().unwrap();
        let fits = |described: &str| {
            let (described, asked): (Vec<_>, Vec<_>) =
                (described.split('/').collect(), path.split('/').collect());
            let same = |(described, asked): (&&str, &&str)| described.starts_with('{') || described == asked;
            described.len() == asked.len() && described.iter().zip(&asked).all(same)
        };
        let paths = self.document["paths"].as_object().unwrap();
        let item = paths.iter().find(|(described, _)| fits(described)).map(|(_, item)| item);
        let operation =
            &item.unwrap_or_else(|| panic!("{path} is not described"))[method.as_str().to_lowercase()];
        assert!(operation.is_object(), "{method} {path} is not described");
        operation
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(place) => {
                self.document.pointer(place.trim_start_matches('#')).expect("a reference leads somewhere")
            }
            None => value,
        }
    }

    /// Checks a value against a schema; the error says where it does not match.
    fn check(&self, schema: &Value, value: &Value) -> Result<(), String> {
        let schema = self.resolved(schema);
        let refuse = |why: &str| Err(format!("{value} {why} {schema}"));
        let fits = |kind: &str| match kind {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_u64() || value.is_i64(),
            "boolean" => value.is_boolean(),
            "null" => value.is_null(),
            other => panic!("a type that this check does not know: {other}"),
        };
        if schema["type"].as_str().is_some_and(|kind| !fits(kind)) {
            return refuse("is of another type than");
        }
        if schema.get("const").is_some_and(|one| one != value)
            || schema["enum"].as_array().is_some_and(|all| !all.contains(value))
        {
            return refuse("is none of");
        }
        let number = value.as_i64().unwrap_or_default();
        if schema["minimum"].as_i64().is_some_and(|least| number < least)
            || schema["maximum"].as_i64().is_some_and(|most| number > most)
        {
            return refuse("is out of bounds of");
        }
        let length = value.as_str().map_or(0, |text| text.chars().count() as u64);
        if schema["minLength"].as_u64().is_some_and(|least| length < least)
            || schema["maxLength"].as_u64().is_some_and(|most| length > most)
        {
            return refuse("is too short or too long for");
        }
        for one in value.as_array().into_iter().flatten() {
            self.check(&schema["items"], one)?;
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            if value.get(name.as_str().unwrap()).is_none() {
                return refuse(&format!("lacks {name} of"));
            }
        }
        for (name, inner) in value.as_object().into_iter().flatten() {
            match schema["properties"].get(name) {
                Some(schema) => self.check(schema, inner)?,
                None if schema["additionalProperties"] == false => {
                    return refuse(&format!("has {name}, unlike"));
                }
                None => {}
            }
        }
        for key in ["oneOf", "anyOf"] {
            if let Some(all) = schema[key].as_array() {
                let fitting = all.iter().filter(|one| self.check(one, value).is_ok()).count();
                if fitting == 0 || (key == "oneOf" && fitting > 1) {
                    return refuse(&format!("fits {fitting} of"));
                }
            }
        }
        Ok(())
    }
}
