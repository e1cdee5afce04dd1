//! Who is trusted: exactly Amazon's authorities, and nobody that another signed for.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_smithy_runtime_api::client::result::ConnectorError;
use hyper_util::client::proxy::matcher::Matcher;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs as provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use x509_parser::pem::Pem;

use super::http::{ROOTS, authorities};
use super::*;
use crate::ambient::{Clock, SystemClock};

/// SHA-256 of the public keys, as <https://www.amazontrust.com/repository/> names them.
const KEYS: [(&str, &str); 5] = [
    (
        "CN=Amazon Root CA 1",
        "fbe3018031f9586bcbf41727e417b7d1c45c2f47f93be372a17b96b50757d5a2",
    ),
    (
        "CN=Amazon Root CA 2",
        "7f4296fc5b6a4e3b35d3c369623e364ab1af381d8fa7121533c9d6c633ea2461",
    ),
    (
        "CN=Amazon Root CA 3",
        "36abc32656acfc645c61b71613c4bf21c787f5cabbee48348d58597803d7abc9",
    ),
    (
        "CN=Amazon Root CA 4",
        "f7ecded5c66047d28ed6466b543c40e0743abe81d109254dcf845d4c2c7853c5",
    ),
    (
        "CN=Starfield Services Root Certificate Authority - G2",
        "2b071c59a0a0ae76b0eadb2bad23bad4580b69c3601b630c2eaf0613afa83f92",
    ),
];

#[test]
fn the_roots_are_amazons_five_and_are_good_for_a_year_yet() {
    let year = 366 * 24 * 3_600;
    let now = SystemClock.now().as_second();
    let mut keys = Vec::new();
    let mut store = RootCertStore::empty();
    for pem in Pem::iter_from_buffer(ROOTS.as_bytes()) {
        let pem = pem.unwrap();
        let root = pem.parse_x509().unwrap();
        let name = root.subject().to_string();
        let key = digest(&SHA256, root.public_key().raw);
        let key: String = key.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        keys.push((name.rsplit(", ").next().unwrap().to_owned(), key));
        let (from, until) = (root.validity().not_before, root.validity().not_after);
        assert!(from.timestamp() < now && now + year < until.timestamp(), "{name}");
        store.add(pem.contents.clone().into()).unwrap();
    }
    assert_eq!(keys, KEYS.map(|(name, key)| (name.to_owned(), key.to_owned())));
    assert_eq!(store.len(), KEYS.len());
}

#[test]
fn only_where_amazons_authorities_sign_nobody_else_is_trusted() {
    let ours = |region| Trust::in_region(region) == Trust::Amazon;
    for region in ["eu-central-1", "us-east-1", "mx-central-1", "us-gov-west-1"] {
        assert!(ours(Some(region)), "{region}");
    }
    assert!(ours(None), "an emulator, which is reached without TLS");
    for region in [
        "cn-north-1",
        "us-iso-east-1",
        "us-isob-east-1",
        "eu-isoe-west-1",
        "eusc-de-east-1",
    ] {
        assert!(!ours(Some(region)), "{region}");
    }
}

/// A server that somebody else's authority signed for; its address, and the authority.
async fn stranger() -> (String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let own = params.signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let tls = ServerConfig::builder_with_provider(Arc::new(provider::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(socket).await {
                let _ = stream.read(&mut [0; 4_096]).await;
                let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
            }
        }
    });
    (url, authority.pem())
}

async fn ask(http: &Http, url: &str, read_timeout: Duration) -> Result<u16, ConnectorError> {
    let settings = HttpConnectorSettings::builder()
        .connect_timeout(Duration::from_secs(20))
        .read_timeout(read_timeout);
    let mut request = HttpRequest::new(SdkBody::empty());
    request.set_uri(url).unwrap();
    let answer = http.connector(&settings.build()).call(request).await;
    answer.map(|answer| answer.status().as_u16())
}

async fn asked(url: &str, roots: RootCertStore) -> Result<u16, String> {
    let answer = ask(&Http::new(roots), url, Duration::from_secs(20)).await;
    answer.map_err(|error| format!("{error:?}"))
}

#[tokio::test]
async fn a_server_of_another_authority_is_refused() {
    let (url, authority) = stranger().await;
    // That it is the signature alone which is refused: whoever trusts that authority is answered.
    assert_eq!(asked(&url, authorities(&authority)).await, Ok(204));
    let amazon = Trust::in_region(Some("eu-central-1"));
    let refused = asked(&url, amazon.roots()).await.unwrap_err();
    assert!(refused.contains("UnknownIssuer"), "{refused}");
}

#[tokio::test]
async fn tls_goes_through_the_proxy_that_the_environment_names() {
    let (url, authority) = stranger().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://name:word@{}", listener.local_addr().unwrap());
    let port = url.trim_end_matches('/').rsplit(':').next().unwrap().to_owned();
    let relayed = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut head = vec![0; 4_096];
        let length = client.read(&mut head).await.unwrap();
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let mut server = tokio::net::TcpStream::connect(format!("127.0.0.1:{port}"))
            .await
            .unwrap();
        tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
        String::from_utf8(head[..length].to_vec()).unwrap()
    });
    let proxies = Matcher::builder().all(proxy).build();
    let http = Http::with(authorities(&authority), Some(Arc::new(proxies)));
    assert_eq!(ask(&http, &url, Duration::from_secs(20)).await.unwrap(), 204);
    let head = relayed.await.unwrap();
    let target = url.trim_start_matches("https://").trim_end_matches('/');
    assert!(head.starts_with(&format!("CONNECT {target} HTTP/1.1\r\n")), "{head}");
    assert!(head.contains("Proxy-Authorization: Basic bmFtZTp3b3Jk\r\n"), "{head}");
}

#[tokio::test]
async fn the_sdk_learns_what_kind_of_failure_it_is() {
    let http = Http::direct();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let silent = ask(&http, &url, Duration::from_millis(20)).await.unwrap_err();
    assert!(silent.is_timeout(), "{silent:?}");
    drop(listener);
    let nobody = ask(&http, &url, Duration::from_secs(20)).await.unwrap_err();
    assert!(nobody.is_io(), "{nobody:?}");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let _ = client.read(&mut [0; 4_096]).await;
        let _ = client.write_all(b"HTTP/1.1 200 O").await;
    });
    let broken = ask(&http, &url, Duration::from_secs(20)).await.unwrap_err();
    assert!(broken.as_other().is_some() || broken.is_io(), "{broken:?}");
}

/// The configuration of an SDK whose service is this one, on this machine.
pub async fn serving(service: axum::Router) -> SdkConfig {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, service).await });
    emulated(&url, direct())
}

/// The same where the service answers a request's body so: with a status and a body.
pub async fn answering(answer: impl Fn(&str) -> (u16, String) + Clone + Send + Sync + 'static) -> SdkConfig {
    let take = move |asked: String| {
        let (status, body) = answer(&asked);
        std::future::ready((axum::http::StatusCode::from_u16(status).unwrap(), body))
    };
    serving(axum::Router::new().fallback(take)).await
}
