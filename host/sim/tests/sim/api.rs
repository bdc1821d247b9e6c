//! REST calls by name of the caller: `bot`, or a user. Answers are status and body. There are no tests here.

use gearshift_sim::Sim;
use reqwest::{Client, Method};
use serde_json::Value;

/// A caller.
pub struct ApiClient<'a> {
    sim: &'a Sim,
    authorization: String,
    reason: Option<&'static str>,
    client: Client,
}

/// The caller of this name; `bot` is the default bot.
pub fn api<'a>(sim: &'a Sim, name: &str) -> ApiClient<'a> {
    let authorization = match name {
        "bot" => format!("Bot {}", sim.token()),
        person => sim.member(person).unwrap().token(),
    };
    ApiClient { sim, authorization, reason: None, client: Client::new() }
}

impl ApiClient<'_> {
    /// Gives a reason for the audit log from now on.
    pub fn because(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.send(Method::GET, path, Value::Null).await
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::POST, path, body).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::PATCH, path, body).await
    }

    pub async fn put(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::PUT, path, body).await
    }

    pub async fn delete(&self, path: &str) -> (u16, Value) {
        self.send(Method::DELETE, path, Value::Null).await
    }

    /// A call that must succeed. Returns its body.
    pub async fn made(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, body) = self.send(method, path, body).await;
        assert!((200..300).contains(&status), "{path}: {status} {body}");
        body
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let mut request = self.client.request(method, format!("{}{path}", self.sim.api_url()));
        if let Some(reason) = self.reason {
            request = request.header("X-Audit-Log-Reason", reason);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.header("Authorization", &self.authorization).send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

/// The id of a JSON object.
pub fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap_or_else(|| panic!("no id: {value}"))
}

/// The id of the oldest guild.
pub fn harbour(sim: &Sim) -> String {
    sim.world(|world| world.guilds().next().unwrap().id.to_string())
}

/// The id of a user.
pub fn user(sim: &Sim, name: &str) -> String {
    sim.member(name).unwrap().id().to_string()
}

/// The code of an error.
pub fn code(answer: &(u16, Value)) -> (u16, u64) {
    (answer.0, answer.1["code"].as_u64().unwrap_or(0))
}
