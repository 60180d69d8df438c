//! Logins by password, as Django's `ModelBackend` and DRF's `ObtainAuthToken` have them.

use super::{ChangeError, NewToken, Overlap, Passwords, Session};
use crate::{
    domain::{Action, Key, Subject, TokenState, User},
    password::{self, Encoding, Verdict},
};

impl Session {
    /// Django's `authenticate(username=..., password=...)`: the user whose password it is, if they are active. A
    /// password whose hash is not what a new one would be is hashed anew. Takes as long for a user who does not exist.
    ///
    /// # Errors
    /// The store failed.
    pub fn login(&mut self, username: &str, password: &str) -> Result<Option<User>, ChangeError> {
        let Some(user) = self.transact(|tx| tx.user_named(username))? else {
            password::burn(password);
            self.count_refused_password();
            return Ok(None);
        };
        let encoding = match password::verify(password, &user.password) {
            Verdict::Accepted(encoding) => encoding,
            Verdict::Refused | Verdict::Malformed(_) => {
                self.count_refused_password();
                return Ok(None);
            }
        };
        let upgraded = match encoding {
            Encoding::Current => None,
            Encoding::Outdated => Some(password::make(password, self.entropy())),
        };
        self.transact(|tx| {
            // Hashing took its time: the password may be another one by now, or the user gone.
            let Some(mut now) = tx.find::<User>(user.id)?.filter(|now| now.password == user.password) else {
                return Ok(None);
            };
            if let Some(encoded) = &upgraded {
                now.password.clone_from(encoded);
                // The same password: what dies with a password lives.
                tx.passwords = Passwords::Rehashed;
                tx.update(&now)?;
            }
            if !now.is_active {
                return Ok(None);
            }
            tx.record(Action::LoggedIn, Some(Subject::user(&now)), Some(now.id));
            Ok(Some(now))
        })
    }

    /// The key of a user's unnamed token, which is made if there is none (DRF: `Token.objects.get_or_create`). An
    /// expired one, and one whose key cannot be shown again, gets a new key.
    ///
    /// # Errors
    /// The store failed, or the user is gone.
    pub fn obtain_key(&mut self, user: &User) -> Result<Key, ChangeError> {
        self.transact(|tx| {
            let Some(token) = tx.token_named(user.id, None)? else {
                return Ok(tx.create_token(NewToken::of(user.id))?.1);
            };
            if let TokenState::Expired { .. } = token.state(tx.now()) {
                return Ok(tx.renew(&token, None)?.1);
            }
            match tx.reveal_key(&token)? {
                Some(key) => Ok(key),
                None => Ok(tx.regenerate(&token, None, Overlap::None)?.1),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::tests::{bench, bench_under};
    use super::*;
    use crate::domain::{Clock, Policy, TokensDieWith};

    const PASSWORD: &str = "s3cret-enough";

    /// A hash as nobody makes them any more.
    fn md5_of(password: &str) -> String {
        use md5::Digest;
        format!("md5$salt${}", hex::encode(md5::Md5::digest(format!("salt{password}"))))
    }

    #[test]
    fn a_login_upgrades_an_old_hash_and_an_inactive_user_is_refused() {
        let bench = bench();
        let mut session = bench.session();
        let md5 = md5_of(PASSWORD);
        let user = User { password: md5.clone(), ..bench.user("alice") };
        let user = session.transact(|tx| tx.insert(user.clone())).unwrap();
        assert_eq!(session.login("alice", "wrong").unwrap(), None);
        assert_eq!(session.login("nobody", PASSWORD).unwrap(), None);
        let logged_in = session.login("alice", PASSWORD).unwrap().expect("it is the password");
        assert!(logged_in.password.starts_with("pbkdf2_sha256$"));
        assert!(session.login("alice", PASSWORD).unwrap().is_some(), "the new hash is of the same password");
        session.transact(|tx| tx.update(&User { is_active: false, ..user.clone() })).unwrap();
        assert_eq!(session.login("alice", PASSWORD).unwrap(), None);
    }

    #[test]
    fn a_hash_that_a_login_upgrades_ends_no_token_where_tokens_die_with_the_password() {
        let policy = Policy { tokens_die_with: TokensDieWith::Password, ..Policy::default() };
        let bench = bench_under(policy);
        let mut session = bench.session();
        let weak = md5_of(PASSWORD);
        let user = session.transact(|tx| tx.insert(User { password: weak.clone(), ..bench.user("alice") })).unwrap();
        let key = session.obtain_key(&user).unwrap();
        let logged_in = session.login("alice", PASSWORD).unwrap().expect("it is the password");
        assert_ne!(logged_in.password, weak);
        assert!(bench.authority.authenticate(&key).unwrap().is_ok());
        session.transact(|tx| tx.update(&User { password: "!".into(), ..logged_in.clone() })).unwrap();
        assert!(bench.authority.authenticate(&key).unwrap().is_err(), "a new password is another matter");
    }

    #[test]
    fn a_key_is_obtained_again_until_its_token_ends() {
        let bench = bench();
        let mut session = bench.session();
        let user = session.transact(|tx| tx.insert(bench.user("alice"))).unwrap();
        let first = session.obtain_key(&user).unwrap();
        assert_eq!(session.obtain_key(&user).unwrap(), first);
        let token = session.transact(|tx| tx.token_named(user.id, None)).unwrap().expect("it was made");
        session.transact(|tx| tx.revoke(&token)).unwrap();
        let second = session.obtain_key(&user).unwrap();
        assert_ne!(second, first);

        let mut token = session.transact(|tx| tx.token_named(user.id, None)).unwrap().expect("it was made");
        token.expires = Some(bench.clock.now() + Duration::from_secs(1));
        session.transact(|tx| tx.update(&token)).unwrap();
        bench.clock.step(Duration::from_secs(1));
        let third = session.obtain_key(&user).unwrap();
        assert_ne!(third, second);
        assert!(bench.authority.authenticate(&third).unwrap().is_ok());
        assert!(bench.authority.authenticate(&second).unwrap().is_err());
    }
}
