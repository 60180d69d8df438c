//! What an installation asks of its tokens. Nothing is asked by default, as in DRF.

use std::time::Duration;

use super::Timestamp;

/// The rules for tokens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    /// How long a token is valid where its maker does not say.
    pub default_lifetime: Option<Duration>,
    /// How long a token may be valid at most.
    pub longest_lifetime: Option<Duration>,
    /// How many live tokens a user may have.
    pub tokens_per_user: Option<usize>,
    /// How long an old key may stay valid beside the new one at most.
    pub longest_overlap: Option<Duration>,
    /// Which changes of a user revoke their tokens.
    pub tokens_die_with: TokensDieWith,
    /// How long revoked tokens are kept before `purge` takes them.
    pub retention: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            default_lifetime: None,
            longest_lifetime: None,
            tokens_per_user: None,
            longest_overlap: None,
            tokens_die_with: TokensDieWith::Nothing,
            retention: Duration::from_secs(90 * 86_400),
        }
    }
}

/// Which changes of a user revoke their tokens.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum TokensDieWith {
    /// None: DRF refuses an inactive user's tokens and keeps them.
    #[default]
    Nothing,
    /// A new password.
    Password,
    /// That the user becomes inactive.
    Deactivation,
    /// Either.
    Both,
}

impl Policy {
    /// When a token that is made at `now` expires, where `asked` was asked for. A time that is later than
    /// the policy allows is cut to what it allows.
    #[must_use]
    pub fn expiry(&self, asked: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let asked = asked.or(self.default_lifetime.map(|lifetime| now + lifetime));
        self.cut(asked, now)
    }

    /// A new end of a token that is there: cut to what the policy allows, counted from `now`.
    #[must_use]
    pub fn cut(&self, asked: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let latest = self.longest_lifetime.map(|lifetime| now + lifetime);
        match (asked, latest) {
            (Some(asked), Some(latest)) => Some(asked.min(latest)),
            (asked, latest) => asked.or(latest),
        }
    }

    /// How long the old key of a token stays valid where `asked` was asked for.
    #[must_use]
    pub fn overlap(&self, asked: Duration) -> Duration {
        self.longest_overlap.map_or(asked, |longest| asked.min(longest))
    }

    /// Why a user's tokens are revoked when these fields of the user change; `None`: they are not.
    #[must_use]
    pub fn death(&self, fields: &[String], is_active: bool) -> Option<&'static str> {
        let changed = |name: &str| fields.iter().any(|field| field == name);
        let password = changed("password").then_some("the password was changed");
        let inactive = (changed("is_active") && !is_active).then_some("the user was deactivated");
        match self.tokens_die_with {
            TokensDieWith::Nothing => None,
            TokensDieWith::Password => password,
            TokensDieWith::Deactivation => inactive,
            TokensDieWith::Both => password.or(inactive),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_cut_to_the_longest_lifetime() {
        let days = |n: u64| Duration::from_secs(n * 86_400);
        let now = Timestamp(0);
        let policy = Policy { default_lifetime: Some(days(30)), longest_lifetime: Some(days(90)), ..Policy::default() };
        assert_eq!(policy.expiry(None, now), Some(now + days(30)));
        assert_eq!(policy.expiry(Some(now + days(60)), now), Some(now + days(60)));
        assert_eq!(policy.expiry(Some(now + days(91)), now), Some(now + days(90)));
        let longest_only = Policy { default_lifetime: None, ..policy };
        assert_eq!(longest_only.expiry(None, now), Some(now + days(90)), "no end is later than any");
        assert_eq!(Policy::default().expiry(None, now), None);
    }

    #[test]
    fn an_overlap_is_cut_to_the_longest() {
        let hours = |n: u64| Duration::from_secs(n * 3600);
        let policy = Policy { longest_overlap: Some(hours(2)), ..Policy::default() };
        assert_eq!([hours(1), hours(3)].map(|asked| policy.overlap(asked)), [hours(1), hours(2)]);
        assert_eq!(Policy::default().overlap(hours(1000)), hours(1000));
    }
}
