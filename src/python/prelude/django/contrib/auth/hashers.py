"""Password hashes. They are made and checked by the program itself; the classes tell about them."""

import _hallpass

UNUSABLE_PASSWORD_PREFIX = "!"
UNUSABLE_PASSWORD_SUFFIX_LENGTH = 40

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def is_password_usable(encoded):
    return encoded is None or not encoded.startswith(UNUSABLE_PASSWORD_PREFIX)


def _text(password):
    return password.decode() if isinstance(password, bytes) else str(password)


def verify_password(password, encoded, preferred="default"):
    """Whether it is the password, and whether the hash is due for a new one."""
    if password is None or not is_password_usable(encoded) or encoded == "":
        return False, False
    if encoded is None:
        raise TypeError("object of type 'NoneType' has no len()")
    preferred = get_hasher(preferred)
    correct, outdated = _hallpass.verify_password(_text(password), encoded)
    if encoded.startswith("pbkdf2_sha256$") and preferred.algorithm == "pbkdf2_sha256":
        outdated = preferred.must_update(encoded)
    elif preferred.algorithm != "pbkdf2_sha256" and correct:
        outdated = preferred.algorithm != _hallpass.identify_hasher(encoded) or preferred.must_update(encoded)
    return correct, outdated


def check_password(password, encoded, setter=None, preferred="default"):
    correct, outdated = verify_password(password, encoded, preferred)
    if setter and correct and outdated:
        setter(password)
    return correct


async def acheck_password(password, encoded, setter=None, preferred="default"):
    correct, outdated = verify_password(password, encoded, preferred)
    if setter and correct and outdated:
        await setter(password)
    return correct


def make_password(password, salt=None, hasher="default"):
    if password is None:
        return UNUSABLE_PASSWORD_PREFIX + _hallpass.random_text(UNUSABLE_PASSWORD_SUFFIX_LENGTH, _LETTERS)
    if not isinstance(password, (bytes, str)):
        raise TypeError("Password must be a string or bytes, got %s." % type(password).__qualname__)
    hasher = get_hasher(hasher)
    return hasher.encode(password, salt or hasher.salt())


def get_hashers():
    return [cls() for cls in _CLASSES]


def get_hashers_by_algorithm():
    return {cls.algorithm: cls() for cls in _CLASSES}


def reset_hashers(*, setting, **kwargs):
    """There is nothing to forget."""


def get_hasher(algorithm="default"):
    if hasattr(algorithm, "algorithm"):
        return algorithm
    if algorithm == "default":
        return PBKDF2PasswordHasher()
    for cls in _CLASSES:
        if cls.algorithm == algorithm:
            return cls()
    raise ValueError(
        "Unknown password hashing algorithm '%s'. Did you specify it in the PASSWORD_HASHERS setting?" % algorithm
    )


def identify_hasher(encoded):
    return get_hasher(_hallpass.identify_hasher(encoded))


def mask_hash(hash, show=6, char="*"):
    return hash[:show] + char * len(hash[show:])


def must_update_salt(salt, expected_entropy):
    # 5.954 bits for each of 62 characters, as math.log2 says.
    return len(salt) * 5.954196310386876 < expected_entropy


class BasePasswordHasher:
    algorithm = None
    library = None
    salt_entropy = 128

    def salt(self):
        return _hallpass.random_text(22, _LETTERS)

    def encode(self, password, salt):
        return _hallpass.encode_password(self.algorithm, _text(password), salt)

    def verify(self, password, encoded):
        return _hallpass.verify_password(_text(password), encoded)[0]

    def decode(self, encoded):
        raise NotImplementedError(
            "subclasses of BasePasswordHasher must provide a decode() method."
        )

    def must_update(self, encoded):
        return False

    def harden_runtime(self, password, encoded):
        """The program takes care of equal times."""

    def safe_summary(self, encoded):
        decoded = self.decode(encoded)
        summary = {"algorithm": decoded["algorithm"]}
        for name in ("iterations", "variety", "version", "memory_cost", "time_cost", "work_factor", "block_size",
                     "parallelism"):
            if name in decoded:
                summary[name.replace("_", " ")] = decoded[name]
        shown = 2 if self.algorithm == "md5" else 6
        return {**summary, "salt": mask_hash(decoded["salt"], shown), "hash": mask_hash(decoded["hash"])}


class PBKDF2PasswordHasher(BasePasswordHasher):
    algorithm = "pbkdf2_sha256"
    iterations = 1_000_000
    _digest = "sha256"

    @property
    def digest(self):
        import hashlib

        return getattr(hashlib, self._digest)

    def encode(self, password, salt, iterations=None):
        iterations = iterations or self.iterations
        if iterations == PBKDF2PasswordHasher.iterations:
            return super().encode(password, salt)
        _check_salt(salt)
        import base64
        import hashlib

        hash = hashlib.pbkdf2_hmac(self._digest, _text(password).encode(), salt.encode(), iterations)
        return "%s$%d$%s$%s" % (self.algorithm, iterations, salt, base64.b64encode(hash).decode("ascii"))

    def decode(self, encoded):
        algorithm, iterations, salt, hash = encoded.split("$", 3)
        assert algorithm == self.algorithm
        return {"algorithm": algorithm, "hash": hash, "iterations": int(iterations), "salt": salt}

    def must_update(self, encoded):
        decoded = self.decode(encoded)
        return decoded["iterations"] != self.iterations or must_update_salt(decoded["salt"], self.salt_entropy)


class PBKDF2SHA1PasswordHasher(PBKDF2PasswordHasher):
    algorithm = "pbkdf2_sha1"
    _digest = "sha1"


class Argon2PasswordHasher(BasePasswordHasher):
    algorithm = "argon2"
    library = "argon2"
    time_cost = 2
    memory_cost = 102400
    parallelism = 8

    def decode(self, encoded):
        algorithm, rest = encoded.split("$", 1)
        assert algorithm == self.algorithm
        variety, *rest = rest.split("$")
        try:
            if variety not in ("argon2d", "argon2i", "argon2id"):
                raise ValueError
            version = rest.pop(0).removeprefix("v=") if len(rest) == 4 else "16"
            raw, salt, hash = rest
            costs = dict(part.split("=") for part in raw.split(","))
            numbers = {"memory_cost": int(costs["m"]), "parallelism": int(costs["p"]), "time_cost": int(costs["t"])}
            version = int(version)
        except (ValueError, KeyError):
            # argon2-cffi's InvalidHashError, whose nearest builtin this is.
            raise ValueError from None
        import base64

        salt = base64.b64decode(salt + "=" * (-len(salt) % 4)).decode("latin1")
        return {"algorithm": algorithm, "hash": hash, "salt": salt, "variety": variety, "version": version, **numbers}

    def must_update(self, encoded):
        decoded = self.decode(encoded)
        costs = [decoded[name] for name in ("variety", "version", "time_cost", "memory_cost", "parallelism")]
        current = ["argon2id", 19, self.time_cost, self.memory_cost, self.parallelism]
        # A hash of 32 bytes, without the padding.
        outdated = costs != current or len(decoded["hash"]) * 3 // 4 != 32
        return outdated or must_update_salt(decoded["salt"], self.salt_entropy)


class BCryptSHA256PasswordHasher(BasePasswordHasher):
    algorithm = "bcrypt_sha256"
    library = ("bcrypt", "bcrypt")
    rounds = 12

    def salt(self):
        alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        # 128 bits in 22 characters: the last one has two bits.
        return "$2b$%02d$%s%s" % (self.rounds, _hallpass.random_text(21, alphabet), _hallpass.random_text(1, ".Oeu"))

    def encode(self, password, salt):
        return super().encode(password, salt.decode("ascii") if isinstance(salt, bytes) else salt)

    def decode(self, encoded):
        algorithm, empty, algostr, work_factor, data = encoded.split("$", 4)
        assert algorithm == self.algorithm
        return {
            "algorithm": algorithm, "algostr": algostr, "checksum": data[22:], "salt": data[:22],
            "work_factor": int(work_factor),
        }

    def safe_summary(self, encoded):
        decoded = self.decode(encoded)
        return {
            "algorithm": decoded["algorithm"], "work factor": decoded["work_factor"],
            "salt": mask_hash(decoded["salt"]), "checksum": mask_hash(decoded["checksum"]),
        }

    def must_update(self, encoded):
        return self.decode(encoded)["work_factor"] != self.rounds


class BCryptPasswordHasher(BCryptSHA256PasswordHasher):
    algorithm = "bcrypt"


class ScryptPasswordHasher(BasePasswordHasher):
    algorithm = "scrypt"
    block_size = 8
    maxmem = 0
    parallelism = 5
    work_factor = 2**14

    def decode(self, encoded):
        algorithm, work_factor, salt, block_size, parallelism, hash = encoded.split("$", 6)
        assert algorithm == self.algorithm
        return {
            "algorithm": algorithm, "work_factor": int(work_factor), "salt": salt, "block_size": int(block_size),
            "parallelism": int(parallelism), "hash": hash,
        }

    def must_update(self, encoded):
        decoded = self.decode(encoded)
        current = {"work_factor": self.work_factor, "block_size": self.block_size, "parallelism": self.parallelism}
        return any(decoded[name] != value for name, value in current.items())


class MD5PasswordHasher(BasePasswordHasher):
    algorithm = "md5"

    def decode(self, encoded):
        algorithm, salt, hash = encoded.split("$", 2)
        assert algorithm == self.algorithm
        return {"algorithm": algorithm, "hash": hash, "salt": salt}

    def must_update(self, encoded):
        return must_update_salt(self.decode(encoded)["salt"], self.salt_entropy)


def _check_salt(salt):
    if not salt or "$" in salt:
        raise ValueError("salt must be provided and cannot contain $.")


_CLASSES = (
    PBKDF2PasswordHasher,
    PBKDF2SHA1PasswordHasher,
    Argon2PasswordHasher,
    BCryptSHA256PasswordHasher,
    BCryptPasswordHasher,
    ScryptPasswordHasher,
    MD5PasswordHasher,
)
