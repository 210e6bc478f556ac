"""Apps: the mini programs and official accounts, their credentials, settings and templates."""

import hmac
from dataclasses import asdict, dataclass, field
from enum import StrEnum

import orjson

from .book import Book
from .platform_refusal import PlatformRefusal


class AppKind(StrEnum):
    """What an app is."""

    MINI_PROGRAM = "mini_program"
    OFFICIAL_ACCOUNT = "official_account"


class PushMode(StrEnum):
    """How pushes to an app are written: 明文, 兼容, 安全."""

    PLAIN = "plain"
    COMPATIBLE = "compatible"
    SAFE = "safe"


class TemplateKind(StrEnum):
    """Which call a template is for."""

    SUBSCRIBE = "subscribe"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class AppSettings:
    """What the account's owner has arranged with WeChat. `pages` None: every page counts as released."""

    bound: bool = True  # in the one 开放平台 account, so that its people have a unionid
    service_account: bool = True  # 服务号: may send template messages
    associated: bool = True  # official account and mini program may link to each other
    pages: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class App:
    """One app."""

    appid: str
    kind: AppKind
    secret: str = field(repr=False)
    token: str | None = field(repr=False)
    encoding_aes_key: str | None = field(repr=False)
    push_url: str | None
    push_mode: PushMode
    settings: AppSettings


@dataclass(frozen=True, slots=True)
class Template:
    """A template of an app: its keys, and for a key of kind enum the values it may have."""

    template_id: str
    kind: TemplateKind
    title: str
    keys: dict[str, tuple[str, ...]]


class Apps:
    """The apps in the book."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._secret = book.secret("apps_secret")

    def register(self, appid: str, kind: AppKind, secret: str, token: str | None, encoding_aes_key: str | None) -> None:
        """Store an app's credentials; those it had are replaced, its push address and settings stay."""
        self._book.write(
            "INSERT INTO app VALUES (?, ?, ?, ?, ?, NULL, ?, ?) ON CONFLICT DO UPDATE SET kind = excluded.kind,"
            " secret = excluded.secret, token = excluded.token, encoding_aes_key = excluded.encoding_aes_key",
            appid,
            kind,
            secret,
            token,
            encoding_aes_key,
            PushMode.PLAIN,
            _written(AppSettings()),
        )

    def app(self, appid: str) -> App | None:
        """Give an app, or None."""
        row = self._book.row("SELECT * FROM app WHERE appid = ?", appid)
        if row is None:
            return None
        settings = orjson.loads(row["settings"])
        pages = settings.pop("pages")
        return App(
            appid=row["appid"],
            kind=AppKind(row["kind"]),
            secret=row["secret"],
            token=row["token"],
            encoding_aes_key=row["encoding_aes_key"],
            push_url=row["push_url"],
            push_mode=PushMode(row["push_mode"]),
            settings=AppSettings(**settings, pages=None if pages is None else tuple(pages)),
        )

    def authenticated(self, appid: str | None, secret: str | None, kind: AppKind | None = None) -> App:
        """Give the app of these credentials; refuse with 41002, 40013, 41004 or 40125."""
        if not appid:
            raise PlatformRefusal(41002)
        app = self.app(appid)
        if app is None or (kind is not None and app.kind is not kind):
            raise PlatformRefusal(40013)
        if not secret:
            raise PlatformRefusal(41004)
        if not hmac.compare_digest(app.secret.encode(), secret.encode()):
            raise PlatformRefusal(40125)
        return app

    def original_id(self, appid: str) -> str:
        """Give the 原始ID by which pushes name the app."""
        return "gh_" + hmac.digest(self._secret, appid.encode(), "sha256").hex()[:12]

    def set_push(self, appid: str, url: str, mode: PushMode) -> None:
        """Store where pushes go, and in which mode."""
        self._book.write("UPDATE app SET push_url = ?, push_mode = ? WHERE appid = ?", url, mode, appid)

    def set_settings(self, appid: str, settings: AppSettings) -> None:
        """Store an app's settings."""
        self._book.write("UPDATE app SET settings = ? WHERE appid = ?", _written(settings), appid)

    def put_template(self, appid: str, template: Template) -> None:
        """Store a template; one with the same id is replaced."""
        self._book.write(
            "INSERT INTO template VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET kind = excluded.kind,"
            " title = excluded.title, keys = excluded.keys",
            appid,
            template.template_id,
            template.kind,
            template.title,
            orjson.dumps(template.keys).decode(),
        )

    def template(self, appid: str, template_id: object, kind: TemplateKind) -> Template:
        """Give a template; refuse with 40037 one that the app does not have."""
        if not isinstance(template_id, str):
            raise PlatformRefusal(40037)
        row = self._book.row(
            "SELECT * FROM template WHERE appid = ? AND template_id = ? AND kind = ?", appid, template_id, kind
        )
        if row is None:
            raise PlatformRefusal(40037)
        keys = {key: tuple(values) for key, values in orjson.loads(row["keys"]).items()}
        return Template(row["template_id"], kind, row["title"], keys)

    def listed(self) -> list[dict[str, str]]:
        """List the apps without their secrets."""
        rows = self._book.rows("SELECT appid, kind, push_mode FROM app ORDER BY appid")
        return [dict(row) for row in rows]


def _written(settings: AppSettings) -> str:
    return orjson.dumps(asdict(settings)).decode()
