//! The HTTP client under the SDK: HTTP/1.1, with TLS that knows the roots it is given.
//!
//! The SDK's own reads the machine's whole trust store, three quarters of what starting it takes, and brings HTTP/2, which
//! DynamoDB, Secrets Manager and SES do not speak.

use std::error::Error as StdError;
use std::fmt;
use std::iter::successors;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::Uri;
use http::uri::Scheme;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{CaptureConnection, HttpConnector as Tcp, HttpInfo, capture_connection};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use tower::Service;

/// The five roots of Amazon Trust Services, which sign for every endpoint of the regions that are open to all and of
/// GovCloud; whoever else the machine trusts cannot pass for AWS.
pub const ROOTS: &str = include_str!("roots.pem");

type BoxError = Box<dyn StdError + Send + Sync>;

/// Whom a client trusts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    Amazon,
    Machine,
}

impl Trust {
    /// The partitions of China, of the European Sovereign Cloud and of those that are closed have authorities of their
    /// own, so there it is whom the machine trusts.
    pub fn in_region(region: Option<&str>) -> Self {
        let open = |region: &str| {
            // The SDK's own rule: three parts, while those of the other partitions have four, but for China's.
            let parts: Vec<&str> = region.split('-').collect();
            matches!(parts[..], [place, _, _] if place != "cn") || region.starts_with("us-gov-")
        };
        if region.is_none_or(open) {
            Self::Amazon
        } else {
            Self::Machine
        }
    }

    pub fn roots(self) -> RootCertStore {
        match self {
            Self::Amazon => authorities(ROOTS),
            Self::Machine => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                roots
            }
        }
    }
}

/// The authorities of a text in PEM, without those that cannot be read.
pub fn authorities(pem: &str) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(pem.as_bytes()).flatten());
    roots
}

/// A client, with one pool of connections for each time that connecting may take.
pub struct Http {
    tls: ClientConfig,
    proxies: Option<Arc<Matcher>>,
    pools: Mutex<Vec<(Option<Duration>, Pool)>>,
}

type Pool = legacy::Client<Connect, SdkBody>;

impl Http {
    /// Trusts these, and goes through the proxy that the environment names, if any.
    pub fn new(roots: RootCertStore) -> Self {
        Self::with(roots, Some(Arc::new(Matcher::from_env())))
    }

    /// Trusts nobody, and goes past every proxy.
    pub fn direct() -> Self {
        Self::with(RootCertStore::empty(), None)
    }

    pub(super) fn with(roots: RootCertStore, proxies: Option<Arc<Matcher>>) -> Self {
        Self {
            tls: ClientConfig::builder()
                .with_root_certificates(roots)
                .with_no_client_auth(),
            proxies,
            pools: Mutex::default(),
        }
    }

    pub fn connector(&self, settings: &HttpConnectorSettings) -> Connector {
        let limit = settings.connect_timeout();
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let known = pools.iter().find(|(known, _)| *known == limit);
        let pool = if let Some((_, pool)) = known {
            pool.clone()
        } else {
            let pool = self.pool(limit);
            pools.push((limit, pool.clone()));
            pool
        };
        Connector {
            pool,
            limit: settings.read_timeout(),
        }
    }

    fn pool(&self, limit: Option<Duration>) -> Pool {
        let mut tcp = Tcp::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let tunnelled = Tunnelled {
            tcp,
            proxies: self.proxies.clone(),
        };
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(self.tls.clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(tunnelled);
        legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .build(Connect { https, limit })
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").finish_non_exhaustive()
    }
}

impl HttpClient for Http {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.connector(settings))
    }
}

/// TCP, for TLS through the proxy for its address.
#[derive(Clone)]
struct Tunnelled {
    tcp: Tcp,
    proxies: Option<Arc<Matcher>>,
}

impl Service<Uri> for Tunnelled {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let proxies = self.proxies.as_ref().filter(|_| uri.scheme() == Some(&Scheme::HTTPS));
        let proxy = proxies.and_then(|proxies| proxies.intercept(&uri));
        let mut tcp = self.tcp.clone();
        async move {
            let Some(proxy) = proxy else {
                return Ok(tcp.call(uri).await?);
            };
            let mut tunnel = Tunnel::new(proxy.uri().clone(), tcp);
            if let Some(authorization) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(authorization.clone());
            }
            Ok(tunnel.call(uri).await?)
        }
        .boxed()
    }
}

/// A connection, the handshake of TLS included, in its time.
#[derive(Clone)]
struct Connect {
    https: HttpsConnector<Tunnelled>,
    limit: Option<Duration>,
}

impl Service<Uri> for Connect {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        within(self.limit, self.https.call(uri)).boxed()
    }
}

async fn within<A, E: Into<BoxError>>(
    limit: Option<Duration>,
    work: impl Future<Output = Result<A, E>>,
) -> Result<A, BoxError> {
    match limit {
        Some(limit) => timeout(limit, work).await?.map_err(Into::into),
        None => work.await.map_err(Into::into),
    }
}

#[derive(Debug, Clone)]
pub struct Connector {
    pool: Pool,
    /// Until the head of the answer is there.
    limit: Option<Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        let connection = capture_connection(&mut request);
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || metadata(&connection));
        }
        let answer = within(self.limit, self.pool.request(request));
        HttpConnectorFuture::new(async move {
            let answer = answer.await.map_err(failure)?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// By which the SDK keeps a connection from being used again after an error of the server's.
fn metadata(connection: &CaptureConnection) -> Option<ConnectionMetadata> {
    let mut extras = http::Extensions::new();
    connection.connection_metadata().as_ref()?.get_extras(&mut extras);
    let info = extras.get::<HttpInfo>();
    let connection = connection.clone();
    let mut metadata = ConnectionMetadata::builder().proxied(false).poison_fn(move || {
        if let Some(connected) = connection.connection_metadata().as_ref() {
            connected.poison();
        }
    });
    metadata
        .set_local_addr(info.map(HttpInfo::local_addr))
        .set_remote_addr(info.map(HttpInfo::remote_addr));
    Some(metadata.build())
}

/// The SDK's word for an error, by which it decides whether to try again.
fn failure(error: BoxError) -> ConnectorError {
    if caused_by::<Elapsed>(&*error).is_some() {
        return ConnectorError::timeout(error);
    }
    let is_connect = caused_by::<legacy::Error>(&*error).is_some_and(legacy::Error::is_connect);
    let io = is_connect || caused_by::<std::io::Error>(&*error).is_some();
    match caused_by::<hyper::Error>(&*error) {
        Some(of) if of.is_timeout() => ConnectorError::timeout(error),
        Some(of) if of.is_user() => ConnectorError::user(error),
        Some(of) if of.is_closed() || of.is_canceled() => ConnectorError::io(error),
        _ if io => ConnectorError::io(error),
        Some(of) if of.is_incomplete_message() => ConnectorError::other(error, Some(ErrorKind::TransientError)),
        _ => ConnectorError::other(error, None),
    }
}

fn caused_by<'e, E: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e E> {
    successors(Some(error), |&error| error.source()).find_map(|error| error.downcast_ref())
}
