//! What the HTTP handlers of cart-service share.

use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use orderlog_projection::View;
use orderlog_projection::registration::Registration;
use orderlog_registry::Registry;
use orderlog_runtime::supervisor::Supervisor;
use orderlog_web::metrics::Gauges;

use crate::command_handler::CommandHandler;
use crate::unresolved_orders::UnresolvedOrders;

/// What the handlers share.
pub struct State {
    pub(crate) commands: CommandHandler,
    pub(crate) view: View,
    pub(crate) registry: Arc<Registry>,
    pub(crate) registration: Registration,
    pub(crate) supervisor: Supervisor,
    pub(crate) unresolved: UnresolvedOrders,
    pub(crate) metrics: PrometheusHandle,
    pub(crate) order_service: reqwest::Url,
}

impl State {
    /// URL of that order at order-service.
    pub(crate) fn details_url(&self, order_id: &str) -> String {
        let mut url = self.order_service.clone();
        let path = format!("{}/order-details", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.query_pairs_mut().clear().append_pair("orderId", order_id);
        url.into()
    }
}

impl Gauges for State {
    async fn set_gauges(&self) {
        self.view.set_gauges().await;
    }
}
