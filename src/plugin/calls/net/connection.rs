//! A connection for one request. It goes to addresses that were checked and to no other: not to a proxy of the
//! environment, which would resolve the name itself, and not to what the name resolves to in the meantime.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::Empty;
use hyper::{Request, Response, body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use reqwest::Url;
use rustls::{ClientConfig, pki_types::ServerName};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

/// Limit on the time to connect to one address.
const CONNECTING: Duration = Duration::from_secs(5);

/// Maximum number of headers of an answer.
const MOST_HEADERS: usize = 100;

/// Maximum size of an answer's head in bytes.
const LARGEST_HEAD: usize = 64 << 10;

/// An answer, and the task that reads it; it ends with this value.
pub struct Exchange {
    /// Status, headers and body.
    pub answer: Response<Incoming>,
    _connection: AbortOnDropHandle<()>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    #[error("cannot connect: {0}")]
    Connect(io::Error),
    #[error("cannot connect within {} s", CONNECTING.as_secs())]
    Slow,
    #[error("no HTTPS: {0}")]
    Tls(#[from] rustls::Error),
    #[error("the name of the host does not fit a certificate")]
    Name,
    #[error(transparent)]
    Http(#[from] hyper::Error),
}

/// Sends a request to the host of `url`, at the first of these addresses that accepts a connection. At most `most`
/// bytes are read from it, heads, interim answers and the framing of the body included.
///
/// # Errors
/// [`ConnectionError`].
pub async fn send_request(
    url: &Url,
    addresses: &[SocketAddr],
    request: Request<Empty<Bytes>>,
    most: usize,
) -> Result<Exchange, ConnectionError> {
    let (input, output) = connect_to_any(addresses).await?.into_split();
    let bounded = Bounded {
        stream: input,
        left: most,
    };
    let stream = tokio::io::join(bounded, output);
    if url.scheme() != "https" {
        return exchange(stream, request).await;
    }
    let name = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(name).map_err(|_| ConnectionError::Name)?;
    let connector = TlsConnector::from(tls_config()?);
    let stream = connector
        .connect(name, stream)
        .await
        .map_err(ConnectionError::Connect)?;
    exchange(stream, request).await
}

async fn connect_to_any(addresses: &[SocketAddr]) -> Result<TcpStream, ConnectionError> {
    let mut failure = ConnectionError::Slow;
    for address in addresses {
        match timeout(CONNECTING, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failure = ConnectionError::Connect(error),
            Err(_) => failure = ConnectionError::Slow,
        }
    }
    Err(failure)
}

async fn exchange<S>(stream: S, request: Request<Empty<Bytes>>) -> Result<Exchange, ConnectionError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut settings = http1::Builder::new();
    settings.max_headers(MOST_HEADERS).max_buf_size(LARGEST_HEAD);
    let (mut sender, connection) = settings.handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(async move {
        // How it ended is told to whoever reads the answer.
        let _ = connection.await;
    });
    let connection = AbortOnDropHandle::new(connection);
    Ok(Exchange {
        answer: sender.send_request(request).await?,
        _connection: connection,
    })
}

/// The system's certificates, read once.
fn tls_config() -> Result<Arc<ClientConfig>, rustls::Error> {
    static CONFIG: OnceLock<Result<Arc<ClientConfig>, rustls::Error>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        Ok(Arc::new(builder.with_platform_verifier()?.with_no_client_auth()))
    });
    config.clone()
}

/// A stream of which only so much is read.
struct Bounded<R> {
    stream: R,
    left: usize,
}

impl<R: AsyncRead + Unpin> AsyncRead for Bounded<R> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::Error::other("the server sends too much")));
        }
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        self.left = self.left.saturating_sub(into.filled().len() - before);
        read
    }
}
