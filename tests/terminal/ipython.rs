//! What IPython offers at sixty places, recorded with the real one, and what we offer there: all of it that is true of
//! us, and the look-ups and the data that it cannot know.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use hallpass::authority::{Authority, KeyringAt};
use hallpass::domain::{Actor, Channel, Policy};
use hallpass::python::bridge;
use hallpass::python::engine::{Engine, Setup, on_big_stack};
use hallpass::store::{StoreId, memory::MemoryStore};
use serde_json::Value;

/// What IPython offers and is not true of us, by the reason.
const NOT_OURS: &[(&str, &[&str])] = &[
    ("a file of Django's that has no use here", &["migrations", "middleware", "mixins", "handlers", "management"]),
    (
        "how Django is made, not what it offers",
        &[
            "Meta",
            "add_to_class",
            "as_manager",
            "auto_created",
            "check",
            "constrained_target",
            "contribute_to_class",
            "core_filters",
            "creation_counter",
            "date_error_message",
            "deconstruct",
            "do_not_call_in_templates",
            "get_constraints",
            "get_prefetch_cache",
            "get_prefetch_queryset",
            "get_prefetch_querysets",
            "get_session_auth_fallback_hash",
            "pk_field_names",
            "prefetch_cache_name",
            "prepare_database_save",
            "query_field_name",
            "related_val",
            "resolve_expression",
            "serializable_value",
            "source_field",
            "source_field_name",
            "symmetrical",
            "target_field",
            "target_field_name",
            "unique_error_message",
            "use_in_migrations",
        ],
    ),
    (
        "not there",
        &[
            "aget_group_permissions",
            "aget_user_permissions",
            "ahas_module_perms",
            "ahas_perms",
            "get_next_by_created",
            "get_next_by_date_joined",
            "get_previous_by_created",
            "get_previous_by_date_joined",
            "username_validator",
        ],
    ),
    ("raises AttributeError there: a manager is reached by the class alone", &["objects"]),
    (
        "of the manager, not of the query set that stands there, or of a tuple, which it is not",
        &[
            "acreate_superuser",
            "acreate_user",
            "count",
            "create_superuser",
            "create_user",
            "db_manager",
            "from_queryset",
            "get_by_natural_key",
            "get_queryset",
            "index",
            "make_random_password",
            "name",
            "normalize_email",
            "with_perm",
        ],
    ),
];

/// A session on a store in memory, in which `setup` was run after the users and groups of the recording were made.
fn session(setup: &str) -> Engine {
    let store = Arc::new(MemoryStore::new(StoreId([1; 16])));
    let clock = Arc::new(hallpass::clock::SystemClock);
    let entropy = Arc::new(hallpass::random::SystemEntropy);
    let authority =
        Authority::open(store, KeyringAt::Process, Policy::default(), clock, entropy).expect("a store in memory opens");
    let actor = Actor::new("ops", None, Channel::Shell);
    let shared = Rc::new(RefCell::new(authority.session(actor)));
    bridge::attach(Box::new(move || Ok(shared)));
    let engine = Engine::new(Setup::default());
    engine.open_console();
    let made = "from django.contrib.auth.models import User as _User\n\
                for n in ('alice', 'albert', 'bob', 'carol'): _User.objects.create(username=n, email=n + '@example.com')\n\
                Token.objects.create(user=User.objects.get(username='alice'))\n\
                for n in ('editors', 'staff'): Group.objects.create(name=n)\n";
    for source in [made, setup] {
        assert_eq!(engine.run_part(source), None, "the session is made");
    }
    engine
}

/// The bare words that are offered at the end of `typed`.
fn offered(engine: &Engine, typed: &str) -> BTreeSet<String> {
    let bare = |text: String| text.trim_end_matches([')', '(', '=', ']']).trim_matches(['"', '\'']).to_owned();
    engine.offers(typed).all.into_iter().map(|offer| bare(offer.text)).collect()
}

#[test]
fn everything_that_ipython_offers_and_is_true_of_us_is_offered() {
    let recorded: Value = serde_json::from_str(include_str!("ipython.json")).unwrap();
    let lines = recorded["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 60);
    let missing = on_big_stack(|| {
        let engine = session(recorded["setup"].as_str().unwrap());
        let mut missing = Vec::new();
        for line in lines {
            let typed = line["typed"].as_str().unwrap();
            let ours = offered(&engine, typed);
            let theirs = line["offers"].as_array().unwrap().iter().filter_map(Value::as_str);
            let ours_too = |name: &&str| !NOT_OURS.iter().any(|(_, names)| names.contains(name));
            let absent: Vec<&str> = theirs.filter(ours_too).filter(|name| !ours.contains(*name)).collect();
            if !absent.is_empty() {
                missing.push(format!("{typed}: {absent:?}"));
            }
        }
        missing
    });
    assert!(missing.is_empty(), "not offered:\n{}", missing.join("\n"));
}

#[test]
fn lookups_and_data_are_offered_which_ipython_cannot_know() {
    let cases: &[(&str, &[&str])] = &[
        ("User.objects.filter(us", &["username", "username__startswith", "user_permissions"]),
        ("Token.objects.get(user__us", &["user__username", "user__username__iexact"]),
        ("User.objects.exclude(date_joined__y", &["date_joined__year"]),
        ("qs.filter(Q(groups__na", &["groups__name", "groups__name__in"]),
        ("User.objects.get(username=\"al", &["alice", "albert"]),
        ("User.objects.filter(username__in=[\"bob\", \"c", &["carol"]),
        ("Token.objects.filter(user__username='al", &["alice", "albert"]),
        ("User.objects.get(email=\"car", &["carol@example.com"]),
        ("Group.objects.get(name=\"ed", &["editors"]),
        ("user.groups.filter(name=\"st", &["staff"]),
        ("user.has_perm(\"auth.add_u", &["auth.add_user"]),
        ("User.objects.order_by(\"-date", &["-date_joined"]),
        ("Token.objects.values_list(\"user__ema", &["user__email"]),
        ("User.objects.create(is_", &["is_active", "is_staff", "is_superuser"]),
        ("call_command(\"loadd", &["loaddata"]),
        ("User.objects.get(pk=1).groups.first().na", &["name"]),
        ("for u in User.objects.all():\n    u.ema", &["email", "email_user"]),
        ("def f():\n    t = Token.objects.first()\n    t.user.userna", &["username"]),
    ];
    let missing = on_big_stack(|| {
        let recorded: Value = serde_json::from_str(include_str!("ipython.json")).unwrap();
        let engine = session(recorded["setup"].as_str().unwrap());
        let absent = |(typed, wanted): &(&str, &[&'static str])| {
            let ours = offered(&engine, typed);
            let absent: Vec<&str> = wanted.iter().copied().filter(|name| !ours.contains(*name)).collect();
            (!absent.is_empty()).then(|| format!("{typed}: {absent:?} among {ours:?}"))
        };
        cases.iter().filter_map(absent).collect::<Vec<_>>()
    });
    assert!(missing.is_empty(), "not offered:\n{}", missing.join("\n"));
}

#[test]
fn looking_runs_nothing_that_a_script_wrote() {
    let trap = "ran = []\n\
                class Meta(type):\n    def __getattr__(cls, name): ran.append(name)\n    def __dir__(cls): ran.append('dir')\n\
                class Trap(metaclass=Meta):\n\
                \x20   def __getattr__(self, name): ran.append(name)\n    def __dir__(self): ran.append('dir')\n\
                \x20   def __getattribute__(self, name): ran.append(name)\n    def __getitem__(self, key): ran.append(key)\n\
                \x20   def __bool__(self): ran.append('bool')\n    def __eq__(self, other): ran.append('eq')\n\
                \x20   @property\n    def area(self): ran.append('area')\n\
                \x20   @property\n    def __dict__(self): ran.append('dict')\n\
                \x20   @property\n    def __class__(self): ran.append('class')\n\
                class Keys(dict):\n    def keys(self): ran.append('keys')\n    def __iter__(self): ran.append('iter')\n\
                trap = object.__new__(Trap)\nkeys = Keys(a=1)\ndata = {'t': trap}\n";
    let ran = on_big_stack(|| {
        let engine = session(trap);
        for typed in [
            "trap.",
            "trap.area.",
            "trap.x.y",
            "trap['",
            "trap[0].",
            "Trap.",
            "Trap().",
            "keys['",
            "data['t'].a",
            "tr",
            "f(trap.",
            "trap(",
        ] {
            let _ = engine.offers(typed);
        }
        assert_eq!(engine.run_part("assert ran == [], ran"), None, "a script's own code ran");
        offered(&engine, "trap.ar")
    });
    assert_eq!(ran.into_iter().collect::<Vec<_>>(), ["area"]);
}

#[test]
fn a_store_that_fails_offers_nothing_and_says_nothing() {
    let found = on_big_stack(|| {
        bridge::attach(Box::new(|| Err("the disk is gone".to_owned())));
        let engine = Engine::new(Setup::default());
        engine.open_console();
        (engine.offers("User.objects.get(username=\"al").all, offered(&engine, "User.objects.fil"))
    });
    assert_eq!(found.0, []);
    assert_eq!(found.1.into_iter().collect::<Vec<_>>(), ["filter"]);
}
