//! The message once the local server listens: where things are, and three lines to try.

use std::fmt;
use std::path::Path;

pub struct Welcome<'a> {
    pub address: &'a str,
    /// Where DynamoDB is, where that concerns anyone but us.
    pub dynamodb: Option<&'a str>,
    /// What keeps the data, in words.
    pub data: &'a str,
    /// The environment of `sam local` for this server, where there is one.
    pub sam: Option<&'a Path>,
    /// Whether the mail that is sent is shown.
    pub mail: bool,
    /// Addresses and passwords of the first accounts that still have the password that everybody knows.
    pub accounts: &'a [(&'static str, &'static str)],
    /// The text of the first API key, where it is known. This is the only place that shows it.
    pub api_key: Option<&'a str>,
}

impl fmt::Display for Welcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, data) = (self.address, self.data);
        writeln!(f, "Usher listens on {address}\n")?;
        writeln!(f, "  API browser  {address}/docs")?;
        if self.mail {
            writeln!(f, "  Sent mail    {address}/dev/outbox")?;
        }
        if let Some(url) = self.dynamodb {
            writeln!(f, "  DynamoDB     {url}")?;
        }
        writeln!(f, "  Data         {data}")?;
        if let Some(file) = self.sam {
            writeln!(f, "  Containers   sam build && {}", self.sam_local(file))?;
        }
        if !self.accounts.is_empty() {
            writeln!(
                f,
                "\nFirst accounts, with the passwords that everybody knows. Change them:"
            )?;
        }
        for (email, password) in self.accounts {
            writeln!(f, "  {email}  {password}")?;
        }
        if let Some(text) = self.api_key {
            writeln!(f, "\nFirst API key, for the contracts that ask for one; with curl:")?;
            writeln!(f, "  -H {}", quoted(&format!("x-api-key: {text}")))?;
        }
        writeln!(f, "\nTry it in another terminal (Ctrl-C here stops):")?;
        self.lines(f)
    }
}

impl Welcome<'_> {
    /// What `samconfig.toml` does not set by itself: another data directory's file; another port, where this server has
    /// the one that it names.
    fn sam_local(&self, file: &Path) -> String {
        let mut command = "sam local start-api".to_owned();
        if file != Path::new(".usher/sam.json") {
            command += &format!(" --env-vars {}", quoted(&file.to_string_lossy()));
        }
        if self.address.ends_with(":3000") {
            command += " --port 3001";
        }
        command
    }

    /// `sed` takes the token out, so that nothing has to be installed.
    fn lines(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.address;
        let first = self.accounts.first().copied();
        let (email, password) = first.unwrap_or(("<your address>", "<your password>"));
        let json = "-H 'content-type: application/json'";
        let bearer = "-H \"authorization: Bearer $TOKEN\"";
        writeln!(
            f,
            "  TOKEN=$(curl -sS {address}/api/auth/token {json} -d '{{\"email\":\"{email}\",\"password\":\"{password}\"}}' \
             | sed -n 's/.*\"accessToken\":\"\\([^\"]*\\)\".*/\\1/p')"
        )?;
        let new = "'{\"email\":\"ada@example.org\",\"password\":\"analytical engine\"}'";
        writeln!(f, "  curl -sS {address}/api/users {bearer} {json} -d {new}")?;
        writeln!(f, "  curl -sS \"{address}/api/users?limit=10\" {bearer}")
    }
}

/// As a shell takes it for one word, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn welcome() -> Welcome<'static> {
        Welcome {
            address: "http://127.0.0.1:3001",
            dynamodb: Some("http://127.0.0.1:8000"),
            data: ".usher, kept between runs",
            sam: Some(Path::new(".usher/sam.json")),
            mail: true,
            accounts: &[("admin@gauth.local", "Admin@123"), ("owner@usher.local", "Owner@12345")],
            api_key: Some("usher_ak_it's-a-secret"),
        }
    }

    #[test]
    fn the_message_as_a_developer_sees_it() {
        insta::assert_snapshot!(welcome().to_string());
    }

    #[test]
    fn the_containers_command_needs_no_more_than_it_states() {
        let with = |file, address| Welcome { address, ..welcome() }.sam_local(Path::new(file));
        let plain = "sam local start-api";
        assert_eq!(with(".usher/sam.json", "http://127.0.0.1:3001"), plain);
        assert_eq!(
            with(".usher/sam.json", "http://127.0.0.1:3000"),
            format!("{plain} --port 3001")
        );
        assert_eq!(
            with("my data/sam.json", "http://127.0.0.1:80"),
            format!("{plain} --env-vars 'my data/sam.json'")
        );
        let without = Welcome { sam: None, ..welcome() }.to_string();
        assert!(!without.contains("sam local"), "{without}");
    }
}
