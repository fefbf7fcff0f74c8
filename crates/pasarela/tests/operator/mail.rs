//! Messages of a server go out by the operator's mail server.

use crate::support::{PATIENCE, Server, run, stderr, stdout, text};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

/// A mail server that lets `pay` in and takes everything; what it took comes out of the channel.
fn mail_server() -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (taken, messages) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let taken = taken.clone();
            std::thread::spawn(move || serve(stream.unwrap(), |text| taken.send(text).unwrap_or_default()));
        }
    });
    (address, messages)
}

fn serve(mut stream: TcpStream, took: impl Fn(String)) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut say = |text: &str| drop(stream.write_all(format!("{text}\r\n").as_bytes()));
    say("220 mail.test ESMTP");
    let mut is_let_in = false;
    while let Some(Ok(line)) = lines.next() {
        match line.split(' ').next().unwrap_or_default() {
            "EHLO" => say("250-mail.test\r\n250 AUTH PLAIN"),
            // `\0pay\0correct horse`
            "AUTH" if line.ends_with(" AHBheQBjb3JyZWN0IGhvcnNl") => {
                is_let_in = true;
                say("235 welcome");
            }
            "AUTH" => say("535 no"),
            "DATA" => {
                say("354 say it");
                let text: Vec<String> =
                    lines.by_ref().map_while(Result::ok).take_while(|line| line != ".").collect();
                took(text.join("\n"));
                say("250 taken");
            }
            "QUIT" => return,
            _ if !is_let_in => say("530 log in first"),
            _ => say("250 ok"),
        }
    }
}

#[test]
fn what_is_written_goes_out_and_nothing_is_lost_before_it() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let secret = directory.path().join("smtp");
    std::fs::write(&secret, "correct horse\n").unwrap();
    let outbox = data.join("outbox");
    std::fs::create_dir_all(&outbox).unwrap();
    // Written by a server that died before it could hand it over.
    let message = "Date: Sat, 28 Nov 2026 04:00:00 +0000\r\nTo: ana@example.com\r\nSubject: Pasarela\r\n\r\nTu código\r\n";
    std::fs::write(outbox.join("0000000000000007.eml"), message).unwrap();
    let (address, messages) = mail_server();
    let url = format!("smtp://pay@{address}?tls=none");
    let mail = ["--smtp-url", &url, "--smtp-password-file", text(&secret), "--mail-from", "pay@example.com"];
    let server = Server::serve(&[&["--data", text(&data)], &mail[..]].concat(), &[]);
    let taken = messages.recv_timeout(PATIENCE).expect("it is handed over");
    for part in ["To: ana@example.com", "Message-ID: <0000000000000007@example.com>", "Tu c=C3=B3digo"] {
        assert!(taken.contains(part), "{part}: {taken}");
    }
    crate::world::until("the file is gone", || !outbox.join("0000000000000007.eml").exists());
    assert!(server.stop("TERM").success());

    let doctor = ["doctor", "--data", text(&data)];
    let sound = run(&[&doctor[..], &mail[..]].concat());
    assert!(stdout(&sound).contains("takes mail of pay@example.com"), "{}", stdout(&sound));
    assert!(sound.status.success());
    std::fs::write(&secret, "wrong").unwrap();
    let wrong = run(&[&doctor[..], &mail[..]].concat());
    assert!(stdout(&wrong).contains("takes no mail of pay@example.com"), "{}", stdout(&wrong));
    assert_eq!(wrong.status.code(), Some(1));
}

#[test]
fn a_password_is_never_in_the_address_nor_sent_in_clear() {
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("smtp");
    std::fs::write(&secret, "hidden-word").unwrap();
    let serve = |url: &str, more: &[&str]| {
        let place = ["serve", "--data", text(directory.path()), "--public-url", "https://pay.example.com"];
        let from = ["--listen", "127.0.0.1:0", "--smtp-url", url, "--mail-from", "pay@example.com"];
        run(&[&place[..], &from[..], more].concat())
    };
    let password = ["--smtp-password-file", text(&secret)];
    for (url, more, why) in [
        ("smtps://pay:hidden-word@mail.example.com", &[][..], "a password in it"),
        ("smtp://pay@mail.example.com?tls=none", &password[..], "encrypted"),
        ("smtps://pay@mail.example.com", &[], "together"),
        ("mail.example.com", &[], "smtps://USER@HOST:465"),
    ] {
        let refused = serve(url, more);
        assert_eq!(refused.status.code(), Some(1), "{url}");
        assert!(stderr(&refused).contains(why), "{}", stderr(&refused));
        assert!(!stderr(&refused).contains("hidden-word"), "{}", stderr(&refused));
    }
}
