use super::*;

/// Answers every byte with the next one.
async fn successor() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                while let Ok(byte) = stream.read_u8().await {
                    let _ = stream.write_u8(byte + 1).await;
                }
            });
        }
    });
    address
}

async fn ask(stream: &mut TcpStream) -> std::io::Result<u8> {
    stream.write_u8(1).await?;
    stream.read_u8().await
}

#[tokio::test]
async fn a_cut_closes_open_and_new_connections_until_it_is_healed() {
    let proxy = Proxy::start(&successor().await).await.expect("starts");
    let connect = || TcpStream::connect(proxy.address);
    let mut open = connect().await.expect("accepted");
    assert_eq!(ask(&mut open).await.expect("an answer"), 2);
    proxy.cut();
    assert!(ask(&mut open).await.is_err());
    assert!(ask(&mut connect().await.expect("accepted")).await.is_err());
    proxy.heal();
    assert_eq!(
        ask(&mut connect().await.expect("accepted")).await.expect("an answer"),
        2
    );
}

#[tokio::test]
async fn an_open_connection_becomes_slow() {
    let proxy = Proxy::start(&successor().await).await.expect("starts");
    let mut stream = TcpStream::connect(proxy.address).await.expect("accepted");
    assert_eq!(ask(&mut stream).await.expect("an answer"), 2);
    proxy.throttle(Duration::from_secs(60));
    let answer = tokio::time::timeout(Duration::from_millis(50), ask(&mut stream)).await;
    assert!(answer.is_err(), "{answer:?}");
    proxy.throttle(Duration::from_millis(1));
    let mut stream = TcpStream::connect(proxy.address).await.expect("accepted");
    assert_eq!(ask(&mut stream).await.expect("an answer"), 2);
}

#[tokio::test]
async fn while_it_hangs_nothing_is_answered() {
    let proxy = Proxy::start(&successor().await).await.expect("starts");
    proxy.hang();
    let mut stream = TcpStream::connect(proxy.address).await.expect("accepted");
    let answer = tokio::time::timeout(Duration::from_millis(50), ask(&mut stream)).await;
    assert!(answer.is_err(), "{answer:?}");
    proxy.heal();
    assert_eq!(stream.read_u8().await.expect("an answer"), 2);
}

#[tokio::test]
async fn it_can_answer_in_place_of_the_server() {
    let proxy = Proxy::start(&successor().await).await.expect("starts");
    proxy.answer("nothing here");
    let mut stream = TcpStream::connect(proxy.address).await.expect("accepted");
    stream.write_u8(1).await.expect("sent");
    let mut said = String::new();
    stream.read_to_string(&mut said).await.expect("an answer");
    assert_eq!(said, "nothing here");
}

#[tokio::test]
async fn it_can_be_redirected_to_another_server() {
    let proxy = Proxy::start("127.0.0.1:9").await.expect("starts");
    let connect = || TcpStream::connect(proxy.address);
    assert!(
        ask(&mut connect().await.expect("accepted")).await.is_err(),
        "nothing listens there"
    );
    let url = |server: String| format!("http://{server}/path");
    proxy.redirect_to(&url(successor().await)).expect("a URL");
    let mut open = connect().await.expect("accepted");
    assert_eq!(ask(&mut open).await.expect("an answer"), 2);
    proxy.redirect_to(&url(successor().await)).expect("a URL");
    assert!(ask(&mut open).await.is_err());
    assert_eq!(
        ask(&mut connect().await.expect("accepted")).await.expect("an answer"),
        2
    );
}

#[tokio::test]
async fn the_server_of_a_url_is_replaced_and_its_path_is_kept() {
    let proxy = Proxy::in_front_of("http://127.0.0.1:1/apis/v7").await.expect("starts");
    let url = proxy.url("http://127.0.0.1:1/apis/v7").expect("a URL");
    assert_eq!(url, format!("http://{}/apis/v7", proxy.address));
}
