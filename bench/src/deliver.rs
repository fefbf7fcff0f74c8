//! `deliver`: notifications to a receiver that answers, while a hundred others hang.
//!
//! The worker of the server runs here, on a store on the disk. First it has a backlog to deliver, beside the bare HTTP
//! client that posts as many messages to the same receiver over as many connections. Then one notification falls due every few
//! milliseconds, and each one's delay is looked up in what the store recorded of it.

use crate::Failure;
use crate::process;
use crate::receiver::Receiver;
use crate::report::{Bound, Gate, Table, median, print_gates};
use hdrhistogram::Histogram;
use pasarela_domain::identity::Mode;
use pasarela_domain::timestamp::Timestamp;
use pasarela_engine::clock;
use pasarela_engine::notifications::attempts::Surroundings;
use pasarela_engine::notifications::message::Message;
use pasarela_engine::notifications::{Reach, Sender, Wake, Worker};
use pasarela_store::{Changes, Channel, DeliveryRecord, DeliveryState, Location, Store, StoreOptions};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Whose notifications they are.
const ACCOUNT: i64 = 380_200_100;
/// As many as the worker has in flight at one receiver.
const CONNECTIONS: usize = 16;
/// How many notifications each receiver that hangs is due.
const DUE_TO_EACH_DEAD: usize = 20;
/// How long the bare client waits.
const TIMEOUT: Duration = Duration::from_secs(22);
/// How many one commit makes.
const STEP: usize = 200;

/// How much of it.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Notifications to the receiver that answers
    #[arg(long, default_value_t = 10_000)]
    deliveries: usize,
    /// Receivers that take a connection and never answer
    #[arg(long, default_value_t = 100)]
    dead: usize,
    /// Bare-worker pairs; the median counts
    #[arg(long, default_value_t = 3)]
    pairs: usize,
    /// Milliseconds between two notifications when their delay is measured
    #[arg(long, default_value_t = 5)]
    every_ms: u64,
    /// Where the store is put
    #[arg(long, default_value = "target/bench")]
    directory: PathBuf,
}

/// Measures and prints.
pub async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let receiver = Receiver::start().await?;
    // They are bound and never accept: the kernel takes the connection, and nobody answers.
    let dead: Vec<TcpListener> =
        (0..arguments.dead).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<_, _>>()?;
    let dead: Vec<(SocketAddr, TcpListener)> = dead
        .into_iter()
        .map(|listener| Ok((listener.local_addr()?, listener)))
        .collect::<Result<_, Failure>>()?;
    let dead_urls: Vec<String> = dead.iter().map(|(address, _)| format!("http://{address}/hook")).collect();
    let mut table =
        Table::new(["run", "bare/s", "worker/s", "ratio", "bare cpu µs", "worker cpu µs", "by cpu"]);
    let (mut ratios, mut delays) = (Vec::new(), Histogram::<u64>::new(3)?);
    for pair in 1..=arguments.pairs {
        let bare = bare(&receiver, arguments.deliveries).await?;
        let world = World::open(&arguments.directory).await?;
        let worker = world.backlog(&receiver, &dead_urls, arguments.deliveries).await?;
        world.trickle(&receiver, arguments, &mut delays).await?;
        world.close().await;
        let ratio = worker.a_second / bare.a_second;
        ratios.push(ratio);
        table.row(vec![
            pair.to_string(),
            format!("{:.0}", bare.a_second),
            format!("{:.0}", worker.a_second),
            format!("{ratio:.3}"),
            format!("{:.1}", bare.processor_us),
            format!("{:.1}", worker.processor_us),
            format!("{:.3}", bare.processor_us / worker.processor_us),
        ]);
    }
    table.print("notifications to a receiver that answers");
    println!(
        "cpu: processor time a message, the receiver's included; what others do on this machine hardly changes it"
    );
    println!(
        "delay while {} receivers hang, ms: p50 {}, p99 {}, most {}",
        arguments.dead,
        delays.value_at_quantile(0.5),
        delays.value_at_quantile(0.99),
        delays.max()
    );
    print_gates(&[
        Gate::new(
            "notifications to a receiver that answers, by the bare client",
            Bound::AtLeast(0.6, 0.8),
            Some(median(&mut ratios)),
        ),
        Gate::new(
            "p99 delay of a notification while others hang, ms",
            Bound::AtMost(1_000.0, 50.0),
            Some(delays.value_at_quantile(0.99) as f64),
        ),
    ]);
    Ok(())
}

/// How quickly messages went.
struct Pace {
    a_second: f64,
    /// Microseconds of processor time a message, of sender and receiver.
    processor_us: f64,
}

/// Measures a pace.
struct Watch {
    started: Instant,
    processor_s: f64,
}

impl Watch {
    fn start(receiver: &Receiver) -> Result<Watch, Failure> {
        Ok(Watch { started: Instant::now(), processor_s: Watch::processor_s(receiver)? })
    }

    fn stop(self, receiver: &Receiver, count: usize) -> Result<Pace, Failure> {
        let (count, elapsed) = (count as f64, self.started.elapsed());
        let processor_s = Watch::processor_s(receiver)? - self.processor_s;
        Ok(Pace { a_second: count / elapsed.as_secs_f64(), processor_us: processor_s / count * 1e6 })
    }

    fn processor_s(receiver: &Receiver) -> Result<f64, Failure> {
        Ok(process::processor_seconds(std::process::id())? + receiver.processor_seconds()?)
    }
}

/// The pace of the bare client: the HTTP client of the deliveries, over kept connections, with one message
/// that is ready, and nothing to remember.
async fn bare(receiver: &Receiver, count: usize) -> Result<Pace, Failure> {
    const BODY: &str = r#"{"action":"payment.created","api_version":"v1","data":{"id":"150200300400"},"date_created":"2026-01-10T22:07:06Z","id":127977040001,"live_mode":false,"type":"payment","user_id":"380200100"}"#;
    let message = Arc::new(Message {
        url: format!("{}&data.id=150200300400&type=payment", receiver.url()).parse()?,
        headers: vec![
            ("content-type", "application/json".to_owned()),
            ("user-agent", "MercadoPago WebHook v1.0 payment".to_owned()),
        ],
        body: BODY.as_bytes().to_vec(),
    });
    let sender = Arc::new(Sender::new(Reach::Anywhere, Vec::new()));
    let watch = Watch::start(receiver)?;
    let posts = (0..CONNECTIONS).map(|number| {
        let (message, sender) = (Arc::clone(&message), Arc::clone(&sender));
        let mine = count / CONNECTIONS + usize::from(number < count % CONNECTIONS);
        tokio::spawn(async move {
            for _ in 0..mine {
                sender.send(&message, TIMEOUT).await?;
            }
            Ok::<_, Failure>(())
        })
    });
    for post in posts.collect::<Vec<_>>() {
        post.await??;
    }
    watch.stop(receiver, count)
}

/// A store with a worker on it.
struct World {
    store: Arc<Store>,
    wake: Arc<Wake>,
    ids: AtomicI64,
    stop: oneshot::Sender<()>,
    worker: tokio::task::JoinHandle<()>,
}

impl World {
    async fn open(directory: &Path) -> Result<World, Failure> {
        let directory = directory.join("deliver");
        if directory.exists() {
            std::fs::remove_dir_all(&directory)?;
        }
        std::fs::create_dir_all(&directory)?;
        let store = Arc::new(Store::open(StoreOptions::new(Location::Directory(directory))).await?);
        let new_ids = Arc::new(AtomicI64::new(1 << 40));
        let surroundings = Surroundings {
            sender: Arc::new(Sender::new(Reach::Anywhere, Vec::new())),
            secret_of: Arc::new(|_, _| {
                Box::pin(async { Some(Arc::new("b7f0c2d94e1a48d6a3a5f0e2c1d9b8a7".to_owned().into())) })
            }),
            clock: Arc::new(clock::wall),
            new_id: Arc::new(move || new_ids.fetch_add(1, Ordering::Relaxed)),
        };
        let wake = Arc::new(Wake::default());
        let (stop, stopped) = oneshot::channel::<()>();
        let worker = Worker::new(store.clone(), surroundings, wake.clone());
        let worker = tokio::spawn(worker.run(async move { drop(stopped.await) }));
        Ok(World { store, wake, ids: AtomicI64::new(1), stop, worker })
    }

    /// Commits notifications to `urls`, one each, and tells the worker.
    async fn commit(&self, urls: impl Iterator<Item = String>) -> Result<Vec<i64>, Failure> {
        let deliveries = self.commit_untold(urls).await?;
        let ids = deliveries.iter().map(|delivery| delivery.id).collect();
        self.wake.committed(deliveries);
        Ok(ids)
    }

    async fn commit_untold(
        &self,
        urls: impl Iterator<Item = String>,
    ) -> Result<Vec<DeliveryRecord>, Failure> {
        let deliveries: Vec<DeliveryRecord> = urls.map(|url| self.delivery(url)).collect();
        self.store.commit(Changes { deliveries: deliveries.clone(), ..Changes::default() }).await?;
        Ok(deliveries)
    }

    fn delivery(&self, url: String) -> DeliveryRecord {
        let (id, now) = (self.ids.fetch_add(1, Ordering::Relaxed), clock::wall());
        DeliveryRecord {
            id,
            account_id: ACCOUNT,
            application_id: 12,
            mode: Mode::Live,
            channel: Channel::Webhook,
            url,
            topic: "payment".to_owned(),
            action: "payment.created".to_owned(),
            resource_id: (150_000_000 + id).to_string(),
            created: now,
            state: DeliveryState::Pending,
            attempts: 0,
            next_attempt: now,
            data: None,
            turns_ahead: 0,
        }
    }

    /// Lets the receivers that hang have their notifications, and then delivers `count`, which their payments' commits have made
    /// already.
    async fn backlog(&self, receiver: &Receiver, dead: &[String], count: usize) -> Result<Pace, Failure> {
        for _ in 0..DUE_TO_EACH_DEAD {
            self.commit(dead.iter().cloned()).await?;
        }
        let mut made = Vec::with_capacity(count);
        while made.len() < count {
            let step = STEP.min(count - made.len());
            made.extend(self.commit_untold(std::iter::repeat_n(receiver.url(), step)).await?);
        }
        let before = receiver.count().await?;
        let watch = Watch::start(receiver)?;
        made.chunks(STEP).for_each(|step| self.wake.committed(step.to_vec()));
        receiver.wait_for(before + count as u64).await?;
        if let Some(last) = made.last() {
            self.until_recorded(last.id).await?;
        }
        watch.stop(receiver, count)
    }

    async fn until_recorded(&self, id: i64) -> Result<(), Failure> {
        loop {
            let delivery = self.store.delivery(ACCOUNT, id).await?.ok_or("a notification is gone")?;
            if delivery.state == DeliveryState::Delivered {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// One notification after the other; adds their delays in milliseconds.
    async fn trickle(
        &self,
        receiver: &Receiver,
        arguments: &Arguments,
        delays: &mut Histogram<u64>,
    ) -> Result<(), Failure> {
        const COUNT: usize = 1_000;
        let before = receiver.count().await?;
        let mut ids = Vec::new();
        for _ in 0..COUNT {
            ids.extend(self.commit(std::iter::once(receiver.url())).await?);
            tokio::time::sleep(Duration::from_millis(arguments.every_ms)).await;
        }
        receiver.wait_for(before + COUNT as u64).await?;
        for id in ids {
            let delivery = self.store.delivery(ACCOUNT, id).await?.ok_or("a notification is gone")?;
            let attempts = self.store.attempts(ACCOUNT, id).await?;
            // What arrived and is not recorded yet is one of the last; it was not late.
            let Some(last) = attempts.last() else { continue };
            let arrived = Timestamp(last.started.0 + last.duration_ms);
            delays.record(u64::try_from(arrived.0 - delivery.created.0).unwrap_or(0))?;
        }
        Ok(())
    }

    async fn close(self) {
        let _ = self.stop.send(());
        drop(self.worker.await);
        self.store.as_ref().clone().close().await;
    }
}
