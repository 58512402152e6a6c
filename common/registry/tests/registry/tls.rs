//! A registry with a certificate of a private authority.

use std::io::Write;
use std::sync::Arc;

use orderlog_avro::SchemaText;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::fake::{Fake, schema};
use crate::{TEXT, client, client_with, config, outage};

/// A server with a certificate for localhost, and the file of the authority that signed it.
async fn server() -> (Fake, NamedTempFile) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut params = CertificateParams::new([]).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new(["localhost".to_owned()])
        .and_then(|params| params.signed_by(&key, &authority))
        .expect("a certificate");
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .expect("a server's settings");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let fake = Fake::start(Some(acceptor), |_| schema(TEXT)).await;
    let mut file = NamedTempFile::new().expect("a file");
    file.write_all(authority.pem().as_bytes()).expect("written");
    (fake, file)
}

#[tokio::test]
async fn it_is_trusted_when_the_authority_is_named_and_an_outage_otherwise() {
    let (fake, authority) = server().await;
    let mut config = config(&fake.url());
    config.ca_file = Some(authority.path().into());
    assert_eq!(
        client_with(&config).schema(5).await.expect("a response"),
        SchemaText::avro(TEXT)
    );
    let reason = outage(&client(&fake.url())).await;
    assert!(reason.contains("certificate"), "{reason}");
    let by_another_name = config_for(&fake.url().replacen("localhost", "127.0.0.1", 1), &authority);
    assert!(outage(&client_with(&by_another_name)).await.contains("certificate"));
}

#[tokio::test]
async fn an_address_with_the_wrong_scheme_is_reported_with_the_right_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let plain = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // What a server without TLS makes of a TLS client's first bytes.
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
                .await;
        }
    });
    let reason = outage(&client(&format!("https://{address}"))).await;
    assert!(
        reason.contains("does the server speak TLS") && reason.contains("SCHEMA_REGISTRY_URL"),
        "{reason}"
    );
    plain.abort();

    let (fake, _authority) = server().await;
    let reason = outage(&client(&fake.url().replacen("https", "http", 1))).await;
    assert!(reason.contains("over TLS, write https://"), "{reason}");
}

fn config_for(url: &str, authority: &NamedTempFile) -> orderlog_registry::config::RegistryConfig {
    let mut config = config(url);
    config.ca_file = Some(authority.path().into());
    config
}
