//! Who may use which route: every route, asked by everybody.

use haversack_core::token::Holder;
use haversack_server::{Access, ROUTES, Route};
use haversack_store::SystemEntropy;
use serde_json::{Value, json};

use crate::{
    client::{Answer, request},
    world::{World, id},
};

/// Everybody who may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// Without a token.
    Nobody,
    /// With a token that never was.
    Stranger,
    /// With a token that was revoked.
    Revoked,
    /// The user whose device and row it is about.
    Owner,
    /// Another user.
    Other,
    /// With a token for the device that it is about,
    ThatDevice,
    /// and for another one of the same user.
    AnotherDevice,
    Administrator,
}

const ALL: [Who; 8] = [
    Who::Nobody,
    Who::Stranger,
    Who::Revoked,
    Who::Other,
    Who::Owner,
    Who::ThatDevice,
    Who::AnotherDevice,
    Who::Administrator,
];

/// A request that is right for whoever may make it.
fn right(route: &Route, device: &str, conflict: u64) -> (String, Value) {
    let row = id("row");
    let of_device = || json!({"device_id": device});
    let (path, body) = match (route.method.as_str(), route.path) {
        ("POST", "/v1/devices") => (None, json!({"name": "phone"})),
        ("GET", "/v1/sync/metadata") => (Some(format!("?device_id={device}")), json!(null)),
        ("GET", "/v1/sync/live") => (Some(format!("?device_id={device}")), json!(null)),
        ("POST", "/v1/sync/pull") => (None, of_device()),
        ("POST", "/v1/sync/push") => (None, json!({"device_id": device, "mutations": []})),
        ("POST", "/v1/rows/{table}") => return ("/v1/rows/t".into(), json!({"name": "new"})),
        ("GET" | "DELETE", "/v1/rows/{table}/{id}") => {
            return (format!("/v1/rows/t/{row}"), json!(null));
        }
        ("PATCH", "/v1/rows/{table}/{id}") => {
            return (format!("/v1/rows/t/{row}"), json!({"amount": 5}));
        }
        ("POST", "/v1/query") => (None, json!(null)),
        ("GET", "/v1/explain") => {
            (Some(format!("?user={}&table=t&id={row}", id("ann"))), json!(null))
        }
        ("POST", "/v1/conflicts/{offset}/restore") => {
            return (format!("/v1/conflicts/{conflict}/restore"), json!(null));
        }
        ("POST", "/v1/admin/tokens") => (None, json!({"admin": true})),
        ("DELETE", "/v1/admin/tokens/{id}") => {
            return (format!("/v1/admin/tokens/{}", id("none")), json!(null));
        }
        ("POST", "/v1/admin/changes") => (None, json!({"put": "settings"})),
        (
            "GET",
            "/v1/conflicts" | "/v1/events" | "/v1/admin/devices" | "/v1/admin/tokens"
            | "/v1/healthz" | "/v1/readyz" | "/metrics" | "/openapi.json",
        ) => (None, json!(null)),
        other => panic!("say what a right request of {other:?} is"),
    };
    (format!("{}{}", route.path, path.unwrap_or_default()), body)
}

/// The status and code that somebody must get; none: they are let in.
fn refusal(route: &Route, who: Who) -> Option<(u16, &'static str)> {
    let forbidden = Some((403, "forbidden"));
    let is_user = matches!(who, Who::Owner | Who::Other | Who::ThatDevice | Who::AnotherDevice);
    match (route.access, who) {
        (Access::Anyone, _) => return None,
        (_, Who::Nobody) => return Some((401, "no_token")),
        (_, Who::Stranger | Who::Revoked) => return Some((401, "bad_token")),
        (Access::User, Who::Administrator) => return forbidden,
        (Access::Administrator, _) if is_user => return forbidden,
        _ => {}
    }
    let is_of_device = route.path.starts_with("/v1/sync/");
    let is_of_row = route.path == "/v1/rows/{table}/{id}";
    match (who, route.path) {
        (Who::Other | Who::AnotherDevice, _) if is_of_device => Some((404, "unknown_device")),
        (Who::AnotherDevice, "/v1/devices") => forbidden,
        (Who::Other, _) if is_of_row => Some((404, "unknown_row")),
        (Who::Other, "/v1/explain") => forbidden,
        (Who::Other | Who::AnotherDevice, "/v1/conflicts/{offset}/restore") => {
            Some((404, "unknown_conflict"))
        }
        _ => None,
    }
}

fn is_right(route: &Route, who: Who, answer: &Answer) {
    let cell = format!("{} {} by {who:?}", route.method, route.path);
    assert!(answer.headers.contains_key("x-request-id"), "{cell}");
    match refusal(route, who) {
        Some((status, code)) => {
            assert_eq!((answer.status, answer.code().as_str()), (status, code), "{cell}");
        }
        None => assert!(![401, 403, 405, 500].contains(&answer.status), "{cell}: {answer:?}"),
    }
}

/// Deny by default: a route that is not in `right` fails here, and so does one whose access is another.
#[test]
fn every_route_asked_by_everybody_answers_as_its_access_says() {
    let world = World::new();
    let device = world.register(&world.ann, "phone");
    let conflict = world.conflict(&device, 1, "torn");
    let holder = Holder::User(id("ann"));
    let revoked = world.environment.issue_token(holder, &SystemEntropy).unwrap();
    world.environment.revoke_token(revoked.id).unwrap();
    let (this, another) = (world.device_token("ann", "phone"), world.device_token("ann", "tablet"));
    world.register(&another, "tablet");
    let token = |who| match who {
        Who::Nobody => "",
        Who::Stranger => "hsk_0000000000000000000000000000000000000000000000000000000000000000",
        Who::Revoked => &revoked.text,
        Who::Owner => &world.ann,
        Who::Other => &world.bob,
        Who::ThatDevice => &this,
        Who::AnotherDevice => &another,
        Who::Administrator => &world.admin,
    };
    for route in ROUTES {
        // Who comes before may have deleted it.
        let _ = world.post("/v1/rows/t", &world.ann, &json!({"id": id("row"), "name": "row"}));
        for who in ALL {
            let (path, body) = right(route, &device, conflict);
            let body = match route.path {
                "/v1/query" => b"fetch t { columns name }".to_vec(),
                _ if body.is_null() => Vec::new(),
                _ => body.to_string().into_bytes(),
            };
            let request = request(route.method.as_str(), &path, token(who)).body(body);
            let is_endless = route.path == "/v1/sync/live" && refusal(route, who).is_none();
            let answer = match is_endless {
                true => request.open(world.address).0,
                false => world.send(&request),
            };
            is_right(route, who, &answer);
        }
    }
}

/// The table itself: what is open to anyone, and that nothing of the administrator's is a user's.
#[test]
fn the_table_of_routes_opens_nothing_by_mistake() {
    let is_open = |route: &&Route| route.access == Access::Anyone;
    let open: Vec<&str> = ROUTES.iter().filter(is_open).map(|route| route.path).collect();
    assert_eq!(open, ["/v1/healthz", "/v1/readyz", "/metrics", "/openapi.json"]);
    for route in ROUTES {
        let is_admins = route.path.starts_with("/v1/admin/") || route.path == "/v1/events";
        assert_eq!(route.access == Access::Administrator, is_admins, "{}", route.path);
        let is_devices = route.path.starts_with("/v1/sync/") || route.path == "/v1/devices";
        assert_eq!(route.access == Access::User, is_devices, "{}", route.path);
    }
}

#[test]
fn what_is_not_in_the_table_is_not_there() {
    let world = World::new();
    for (method, path, status, code) in [
        ("GET", "/", 404, "unknown_route"),
        ("GET", "/v1/rows", 404, "unknown_route"),
        ("GET", "/v1/admin", 404, "unknown_route"),
        ("PUT", "/v1/devices", 405, "unknown_method"),
        ("DELETE", "/v1/events", 405, "unknown_method"),
        ("TRACE", "/v1/query", 405, "unknown_method"),
    ] {
        let answer = world.send(&request(method, path, &world.admin));
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{method} {path}");
    }
}

#[test]
fn a_sane_request_id_comes_back_and_another_is_replaced() {
    let world = World::new();
    let answer_to = |given: &str| {
        let asked = request("GET", "/v1/healthz", "").header("x-request-id", given);
        world.send(&asked).headers["x-request-id"].clone()
    };
    assert_eq!(answer_to("call-7.a_B"), "call-7.a_B");
    for bad in ["a b", "<script>", &"x".repeat(65)] {
        assert_ne!(answer_to(bad), bad);
    }
}

/// A token that is revoked is good for nothing at once, also for a stream that is just asked for.
#[test]
fn a_revoked_token_is_refused_at_once() {
    let world = World::new();
    let asked = json!({"user": "ann"});
    let made = world.post("/v1/admin/tokens", &world.admin, &asked).ok().json();
    let (token, id) = (made["token"].as_str().unwrap(), made["id"].as_str().unwrap());
    world.get("/v1/conflicts", token).ok();
    let path = format!("/v1/admin/tokens/{id}");
    world.send(&request("DELETE", &path, &world.admin)).ok();
    assert_eq!(world.get("/v1/conflicts", token).code(), "bad_token");
    assert_eq!(world.send(&request("DELETE", &path, &world.admin)).code(), "unknown_token");
}
