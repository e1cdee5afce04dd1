//! A world as it is in the cloud: API Gateway in front, and behind it functions that share nothing but the table.

use axum::Router;
use axum::extract::Request;
use tower::ServiceExt;
use usher::app::App;
use usher::http::serve;

use crate::support::{World, serve_routes, settings_of, tables};

impl World {
    /// From now on each function is an application of its own, as in the cloud: what one has read, no other has.
    pub async fn deploy(&mut self) {
        let mut functions = Vec::new();
        // A development route is a function of its own.
        for (dev, table) in [false, true]
            .into_iter()
            .flat_map(|dev| tables().into_iter().map(move |t| (dev, t)))
        {
            let app = App::with_clock(settings_of(&self.dynamodb, &[]), self.clock.clone());
            let rows = table.rows().iter().filter(|row| row.dev_only == dev);
            let paths: Vec<String> = rows.map(|row| row.path.to_string()).collect();
            functions.push((paths, serve::service(app.unwrap(), vec![table])));
        }
        let gateway = tower::service_fn(move |request: Request| {
            let path = request.uri().path().to_lowercase();
            let closest = functions
                .iter()
                .max_by_key(|(paths, _)| paths.iter().map(|route| likeness(route, &path)).max());
            closest.unwrap().1.clone().oneshot(request)
        });
        let gateway = self.watch.around(Router::new().fallback_service(gateway));
        self.base = serve_routes(gateway).await;
    }
}

/// How many segments of a path are a route's own; 0 where it is not the route's.
fn likeness(route: &str, path: &str) -> usize {
    let (route, path): (Vec<&str>, Vec<&str>) = (route.split('/').collect(), path.split('/').collect());
    let fits = |(own, asked): (&&str, &&str)| own.starts_with('{') || own == asked;
    if route.len() != path.len() || !route.iter().zip(&path).all(fits) {
        return 0;
    }
    route.iter().filter(|own| !own.starts_with('{')).count()
}
