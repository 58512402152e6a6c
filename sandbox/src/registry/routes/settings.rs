//! `/config` and `/mode`: the compatibility level and the mode, of all subjects and of one. Translation only.

use std::fmt::Display;
use std::str::FromStr;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Shared, locked, resource};
use crate::registry::compatibility::Level;
use crate::registry::error::Refusal;
use crate::registry::http::{Body, answer, flag};
use crate::registry::mode::Mode;
use crate::registry::state::Setting;

/// How the API names a setting.
trait Named: Setting + FromStr<Err = Refusal> + Display + 'static {
    const PATH: &'static str;
    const SUBJECT_PATH: &'static str;
    /// The member that a reader gets.
    const READ: &'static str;
    /// The member that a writer sends, and gets back.
    const WRITTEN: &'static str;

    fn requested(request: SettingRequest) -> Option<String>;
}

impl Named for Level {
    const PATH: &'static str = "/config";
    const SUBJECT_PATH: &'static str = "/config/{subject}";
    const READ: &'static str = "compatibilityLevel";
    const WRITTEN: &'static str = "compatibility";

    fn requested(request: SettingRequest) -> Option<String> {
        request.compatibility
    }
}

impl Named for Mode {
    const PATH: &'static str = "/mode";
    const SUBJECT_PATH: &'static str = "/mode/{subject}";
    const READ: &'static str = "mode";
    const WRITTEN: &'static str = "mode";

    fn requested(request: SettingRequest) -> Option<String> {
        request.mode
    }
}

/// A new level or mode, as clients send it.
#[derive(Deserialize)]
struct SettingRequest {
    compatibility: Option<String>,
    mode: Option<String>,
}

/// Adds the paths. Only the level of all subjects can be reset.
pub fn configure(app: &mut web::ServiceConfig) {
    let level = resource(Level::PATH).get(global::<Level>).put(set_global::<Level>);
    app.service(level.delete(reset_global::<Level>))
        .service(resource(Mode::PATH).get(global::<Mode>).put(set_global::<Mode>))
        .service(of_subject::<Level>())
        .service(of_subject::<Mode>());
}

fn of_subject<S: Named>() -> actix_web::Resource {
    resource(S::SUBJECT_PATH)
        .get(own::<S>)
        .put(set_own::<S>)
        .delete(reset_own::<S>)
}

async fn global<S: Named>(state: Shared) -> HttpResponse {
    read(locked(&state).global::<S>())
}

async fn set_global<S: Named>(state: Shared, Body(body): Body<SettingRequest>) -> Answer {
    let setting = parse::<S>(body)?;
    locked(&state).set_global(setting);
    Ok(written(setting))
}

async fn reset_global<S: Named>(state: Shared) -> HttpResponse {
    read(locked(&state).reset_global::<S>())
}

async fn own<S: Named>(state: Shared, subject: web::Path<String>, request: HttpRequest) -> Answer {
    let state = locked(&state);
    if flag(&request, "defaultToGlobal") {
        return Ok(read(state.effective::<S>(&subject)));
    }
    Ok(read(state.own::<S>(&subject)?))
}

async fn set_own<S: Named>(state: Shared, subject: web::Path<String>, Body(body): Body<SettingRequest>) -> Answer {
    let setting = parse::<S>(body)?;
    locked(&state).set_own(&subject, setting)?;
    Ok(written(setting))
}

async fn reset_own<S: Named>(state: Shared, subject: web::Path<String>) -> Answer {
    Ok(read(locked(&state).reset_own::<S>(&subject)?))
}

fn parse<S: Named>(request: SettingRequest) -> Result<S, Refusal> {
    S::requested(request).unwrap_or_default().parse()
}

fn read<S: Named>(setting: S) -> HttpResponse {
    answer(json!({ S::READ: setting.to_string() }))
}

fn written<S: Named>(setting: S) -> HttpResponse {
    answer(json!({ S::WRITTEN: setting.to_string() }))
}
