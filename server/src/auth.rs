//! Who asks: bearer tokens, looked up by their hash in the log's newest state, so that one that is revoked
//! is good for nothing at once.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use haversack_core::{
    RowId,
    token::{Holder, TokenHash},
};
use haversack_engine::hash_of;
use haversack_replay::DeviceState;

use crate::{app::App, problem::Problem};

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever can reach the server.
    Anyone,
    /// Users, and devices for their users.
    User,
    /// The administrator.
    Administrator,
    /// Users and the administrator. What a user gets is cut down to what they may read.
    UserOrAdministrator,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Nobody said who.
    Anonymous,
    /// The administrator.
    Administrator,
    /// A user.
    User {
        /// Who.
        user: RowId,
        /// The one device that the token is for, by its name; none: any of the user's.
        device: Option<String>,
    },
}

impl Access {
    fn admits(self, principal: &Principal) -> bool {
        match self {
            Self::Anyone => true,
            Self::User => matches!(principal, Principal::User { .. }),
            Self::Administrator => *principal == Principal::Administrator,
            Self::UserOrAdministrator => *principal != Principal::Anonymous,
        }
    }
}

impl Principal {
    /// The user; a problem if it's the administrator, who has no devices.
    pub fn user(&self) -> Result<RowId, Problem> {
        match self {
            Self::User { user, .. } => Ok(*user),
            Self::Administrator | Self::Anonymous => Err(forbidden()),
        }
    }

    /// In whose name rows are read and edited; none: the administrator's, who may do all.
    pub fn editor(&self) -> Result<Option<RowId>, Problem> {
        match self {
            Self::User { user, .. } => Ok(Some(*user)),
            Self::Administrator => Ok(None),
            Self::Anonymous => Err(forbidden()),
        }
    }

    /// Whether it may speak for a device of this user and name.
    pub fn speaks_for(&self, of_user: RowId, name: &str) -> bool {
        match self {
            Self::User { user, device } => {
                *user == of_user && device.as_deref().is_none_or(|device| device == name)
            }
            Self::Administrator | Self::Anonymous => false,
        }
    }

    /// May it register a device of this name?
    pub fn check_name(&self, name: &str) -> Result<(), Problem> {
        if self.speaks_for(self.user()?, name) { Ok(()) } else { Err(forbidden()) }
    }

    /// The device, if it's one that this principal may speak for; another's is as if it weren't there.
    pub fn check_device(&self, app: &App, id: RowId) -> Result<DeviceState, Problem> {
        let state = app.environment().state();
        let found = state.devices.get(&id);
        let own = found.filter(|d| self.speaks_for(d.device.user, &d.device.name));
        own.cloned().ok_or_else(|| {
            let detail = format!("there is no device {id} of this user; register it first");
            Problem::not_found("unknown_device", detail)
        })
    }
}

pub(crate) fn forbidden() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "forbidden", "the token does not allow this")
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// The token by which somebody was let in: a stream asks again before each piece whether it is good.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Credential(Option<TokenHash>);

impl Credential {
    /// Whether the token has not been revoked since.
    pub fn is_good(self, app: &App) -> bool {
        let state = app.environment().state();
        self.0.is_some_and(|token| state.catalog.tokens.contains_key(&token))
    }
}

fn principal(app: &App, headers: &HeaderMap) -> Result<(Principal, Credential), Problem> {
    if !headers.contains_key(header::AUTHORIZATION) {
        return Ok((Principal::Anonymous, Credential(None)));
    }
    let wrong = || {
        let detail =
            "the token is not known, or was revoked; ask for another: `haversack token create`";
        Problem::new(StatusCode::UNAUTHORIZED, "bad_token", detail)
    };
    let catalog = &app.environment().state().catalog;
    let token = bearer(headers).and_then(|token| catalog.tokens.get(&hash_of(token)));
    let token = token.ok_or_else(wrong)?;
    let principal = match &token.holder {
        Holder::Administrator => Principal::Administrator,
        Holder::User(user) => Principal::User { user: *user, device: None },
        Holder::Device { user, name } => {
            Principal::User { user: *user, device: Some(name.clone()) }
        }
    };
    Ok((principal, Credential(Some(token.hash))))
}

/// Lets a request through to its route, or not.
pub(crate) async fn guard(
    State((app, access)): State<(App, Access)>,
    mut request: Request,
    next: Next,
) -> Response {
    let (principal, credential) = match principal(&app, request.headers()) {
        Ok(known) => known,
        // A route for anyone does not ask whose token it is.
        Err(_) if access == Access::Anyone => (Principal::Anonymous, Credential(None)),
        Err(problem) => return problem.into_response(),
    };
    if !access.admits(&principal) {
        let problem = match principal {
            Principal::Anonymous => {
                let detail = "this needs a bearer token: `Authorization: Bearer ...`";
                Problem::new(StatusCode::UNAUTHORIZED, "no_token", detail)
            }
            Principal::User { .. } | Principal::Administrator => forbidden(),
        };
        return problem.into_response();
    }
    request.extensions_mut().insert(principal.clone());
    request.extensions_mut().insert(credential);
    let mut response = next.run(request).await;
    // For the line of the log that the request gets.
    response.extensions_mut().insert(principal);
    response
}

impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or(Self::Anonymous))
    }
}

impl<S: Sync> FromRequestParts<S> for Credential {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(parts.extensions.get::<Self>().copied().unwrap_or(Self(None)))
    }
}
