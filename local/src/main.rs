//! `cargo run`: the whole of Usher on this machine.

use std::collections::HashMap;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::net::IpAddr;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use local::args::{Args, Audit, Command};
use local::welcome::Welcome;
use local::{DynamoDb, Error, Options, Result, Stack, audit, operator, server, transfer, verify};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;
use usher::domain::api_key::check_chosen;
use usher::secrecy::ExposeSecret;

/// Calm: each request, and what goes wrong.
const LOGS: &str = "warn,usher=info,local=info";

#[tokio::main]
async fn main() -> ExitCode {
    logs();
    let args = Args::parse();
    if let Some(command) = &args.command {
        return ended(carried_out(command).await);
    }
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "usher: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Carries a command out; whether all of it is as it should be.
async fn carried_out(command: &Command) -> Result<bool> {
    match command {
        Command::Audit(Audit::Verify(args)) => audit::verify(args, &mut stdout()).await,
        Command::Seed(args) => transfer::seed(args, variables(), &mut stdout()).await.map(|()| true),
        Command::Import(args) => transfer::import(args, variables()).await,
        Command::Export(args) => transfer::export(args, variables()).await.map(|()| true),
        Command::Verify(args) => verify::run(args, &mut stdout()).await,
        Command::Admin(args) => operator::run(args, variables(), &mut stdout()).await.map(|()| true),
    }
}

fn ended(outcome: Result<bool>) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(stderr(), "usher: {error}");
            ExitCode::from(2)
        }
    }
}

/// The variable that the flag `--api-key` stands for.
const API_KEY: &str = "USHER_FIRST_API_KEY";

async fn run(args: Args) -> Result<()> {
    if let Some(path) = &args.write_openapi {
        std::fs::write(path, local::openapi()?)?;
        return Ok(std::fs::write(path.with_file_name("routes.txt"), local::route_list())?);
    }
    if let Some(text) = args
        .api_key
        .as_ref()
        .map(ExposeSecret::expose_secret)
        .filter(|text| !text.is_empty())
    {
        check_chosen(text).map_err(Error::ApiKey)?;
    }
    // Before the start prints anything: a reader may send the signal.
    let shutdown = stop_signal()?;
    let listener = server::bind(&args.host, args.port).await?;
    let address = address(&args.host, &listener)?;
    let stack = Stack::start(options(&args, &address)).await?;
    let sam = match args.dynamodb_listen {
        Some(_) => stack.write_sam()?,
        None => None,
    };
    greet(&args, &address, &stack, sam.as_deref()).await?;
    let served = stack.serve(listener, shutdown).await;
    stack.stop().await?;
    served
}

fn options(args: &Args, address: &str) -> Options {
    let dynamodb = match (&args.dynamodb_endpoint, args.dynamodb_listen) {
        (Some(url), _) => DynamoDb::At(url.clone()),
        (None, listen) => DynamoDb::Embedded(listen),
    };
    let mut settings = variables();
    // `Args` has read these two.
    settings.remove("USHER_DYNAMODB_ENDPOINT");
    settings.remove(API_KEY);
    if args.limits {
        settings.insert("USHER_RATE_LIMITS".to_owned(), "true".to_owned());
    }
    let api_key = args.api_key.as_ref();
    settings.extend(api_key.map(|text| (API_KEY.to_owned(), text.expose_secret().to_owned())));
    Options {
        directory: args.directory(),
        dynamodb,
        settings,
        address: address.to_owned(),
        cors_origins: args.cors_origin.clone(),
        host_names: [&args.host_name[..], std::slice::from_ref(&args.host)].concat(),
        ..Options::default()
    }
}

/// The `USHER_…` variables, for `Settings` to read: nothing of them is looked at here.
fn variables() -> HashMap<String, String> {
    let texts =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    texts.filter(|(name, _)| name.starts_with("USHER_")).collect()
}

/// Where it is reached: by the name that was asked for, at the port that was got.
fn address(host: &str, listener: &TcpListener) -> Result<String> {
    let port = listener.local_addr()?.port();
    let host = match host.parse::<IpAddr>() {
        Ok(ip) if ip.is_unspecified() => "127.0.0.1".to_owned(),
        Ok(IpAddr::V6(ip)) => format!("[{ip}]"),
        _ => host.to_owned(),
    };
    Ok(format!("http://{host}:{port}"))
}

async fn greet(args: &Args, address: &str, stack: &Stack, sam: Option<&Path>) -> Result<()> {
    let data = match args.directory() {
        None => "in memory, gone at the end".to_owned(),
        Some(path) if args.dynamodb_endpoint.is_some() => format!("keys in {}, the rest in DynamoDB", path.display()),
        Some(path) => format!("{}, kept between runs", path.display()),
    };
    let welcome = Welcome {
        address,
        dynamodb: stack.dynamodb_url.as_deref(),
        data: &data,
        sam,
        mail: stack.app.settings.dev_endpoints,
        accounts: &setup::unchanged(&stack.app).await?,
        api_key: stack.api_key(),
    };
    // A closed stdout is no reason to stop.
    let _ = writeln!(stdout(), "{welcome}");
    Ok(())
}

fn logs() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGS));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .try_init();
}

/// Ctrl-C or SIGTERM, from this call on, not only once it is awaited.
#[cfg(unix)]
fn stop_signal() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
