//! The smallest HTTP/1.1 client that keeps its connection: one request out, one answer in.
//!
//! A full client costs as much as a fast server does, and both run on the same cores here. This one costs a write, a
//! read and a scan of the head, the same for the yardstick and for the subject.

use crate::Failure;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer's head and body never exceed this: a page of thirty payments is about 100 kB.
const LARGEST_ANSWER: usize = 4 << 20;

/// One kept-alive connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer; the body borrows the connection's buffer.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The body's bytes.
    pub body: &'a [u8],
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Result<Connection, Failure> {
        let stream = TcpStream::connect(address).await?;
        // Without this, a request in two segments waits for the peer's delayed acknowledgement: 40 ms.
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::with_capacity(16 << 10) })
    }

    /// Sends `request` (head and body) and reads its answer.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>, Failure> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head_end = loop {
            self.read_more().await?;
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
        };
        let (status, framing) = read_head(&self.buffer[..head_end])?;
        let length = match framing {
            Framing::Length(length) => {
                while self.buffer.len() < head_end + length {
                    self.read_more().await?;
                }
                length
            }
            Framing::Chunks => loop {
                if let Some(body) = join_chunks(&self.buffer[head_end..])? {
                    self.buffer.truncate(head_end);
                    self.buffer.extend_from_slice(&body);
                    break body.len();
                }
                self.read_more().await?;
            },
        };
        Ok(Answer { status, body: &self.buffer[head_end..head_end + length] })
    }

    async fn read_more(&mut self) -> Result<(), Failure> {
        if self.buffer.len() > LARGEST_ANSWER {
            return Err("the answer is larger than any the API gives".into());
        }
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err("the server closed the connection in the middle of an answer".into()),
            _ => Ok(()),
        }
    }
}

/// How the end of a body is told.
#[derive(Debug, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunks,
}

/// The status and how the body's end is told.
fn read_head(head: &[u8]) -> Result<(u16, Framing), Failure> {
    let head = std::str::from_utf8(head)?;
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .and_then(|code| code.parse().ok())
        .ok_or("the answer has no status line")?;
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("content-length") {
            return Ok((status, Framing::Length(value.trim().parse()?)));
        }
        if name.eq_ignore_ascii_case("transfer-encoding") && value.trim().eq_ignore_ascii_case("chunked") {
            return Ok((status, Framing::Chunks));
        }
    }
    Err(format!("the answer does not say where its body ends, which this client needs:\n{head}").into())
}

/// The body that `chunks` carry, or `None` while the last of them has not come.
fn join_chunks(mut chunks: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
    let mut body = Vec::with_capacity(chunks.len());
    loop {
        let Some(line_end) = find(chunks, b"\r\n") else { return Ok(None) };
        let line = std::str::from_utf8(&chunks[..line_end])?;
        let size = usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16)?;
        if size > LARGEST_ANSWER {
            return Err("a chunk is larger than any answer".into());
        }
        let (start, end) = (line_end + 2, line_end + 2 + size);
        if chunks.len() < end + 2 {
            return Ok(None);
        }
        if size == 0 {
            return Ok(Some(body));
        }
        body.extend_from_slice(&chunks[start..end]);
        chunks = &chunks[end + 2..];
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_tells_where_its_body_ends() {
        let head = b"HTTP/1.1 201 Created\r\nContent-Length: 12\r\n\r\n";
        assert_eq!(read_head(head).unwrap(), (201, Framing::Length(12)));
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        assert_eq!(read_head(head).unwrap(), (200, Framing::Chunks));
        assert!(read_head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }

    #[test]
    fn chunks_are_joined_when_the_last_has_come() {
        let all = b"5\r\nhello\r\n7;a=b\r\n, world\r\n0\r\n\r\n";
        for end in 0..all.len() {
            assert_eq!(join_chunks(&all[..end]).unwrap(), None, "{end} bytes are not all");
        }
        assert_eq!(join_chunks(all).unwrap().unwrap(), b"hello, world");
        assert!(join_chunks(b"ffffffffffff\r\n").is_err());
        assert!(join_chunks(b"no size\r\n").is_err());
    }
}
