"""Clients for WeChat: Pay API v3, mini program, official account, group robot; and its consoles in the sandbox."""

from backend.wechat.app_credentials import (
    MINI_PROGRAM_FILE,
    OFFICIAL_ACCOUNT_FILE,
    AppCredentials,
    AppCredentialsError,
    load_app_credentials,
    load_robot_key,
    load_sms_secret,
)
from backend.wechat.applyment import Accepted, Applyment, AuditItem
from backend.wechat.apps import WeChatApps, open_apps
from backend.wechat.client import PayClient
from backend.wechat.credentials import CredentialsError, PayCredentials
from backend.wechat.errors import (
    Action,
    Call,
    Final,
    OutcomeUnknown,
    PayError,
    PayFailure,
    PlaintextTooLongError,
    ProviderMessage,
    Retryable,
    Signal,
    UnsendableError,
)
from backend.wechat.hosts import PLATFORM_HOST, PRIMARY_HOST, ROBOT_HOST, SECOND_HOST
from backend.wechat.mini_program import MiniProgramClient, MiniProgramState, WeChatPerson
from backend.wechat.official_account import OfficialAccountClient
from backend.wechat.platform_errors import PlatformError, PlatformFailure
from backend.wechat.platform_tokens import InProcessTokens, TokenStore
from backend.wechat.push import PushKind, PushMessage, PushMode, PushReader, PushRefusal, PushRefused, TemplateConsent
from backend.wechat.robot import RobotClient
from backend.wechat.sandbox_enrolment import SandboxError, enrol, enrol_apps, fetch_clock_offset, set_push_url

__all__ = [
    "MINI_PROGRAM_FILE",
    "OFFICIAL_ACCOUNT_FILE",
    "PLATFORM_HOST",
    "PRIMARY_HOST",
    "ROBOT_HOST",
    "SECOND_HOST",
    "Accepted",
    "Action",
    "AppCredentials",
    "AppCredentialsError",
    "Applyment",
    "AuditItem",
    "Call",
    "CredentialsError",
    "Final",
    "InProcessTokens",
    "MiniProgramClient",
    "MiniProgramState",
    "OfficialAccountClient",
    "OutcomeUnknown",
    "PayClient",
    "PayCredentials",
    "PayError",
    "PayFailure",
    "PlaintextTooLongError",
    "PlatformError",
    "PlatformFailure",
    "ProviderMessage",
    "PushKind",
    "PushMessage",
    "PushMode",
    "PushReader",
    "PushRefusal",
    "PushRefused",
    "Retryable",
    "RobotClient",
    "SandboxError",
    "Signal",
    "TemplateConsent",
    "TokenStore",
    "UnsendableError",
    "WeChatApps",
    "WeChatPerson",
    "enrol",
    "enrol_apps",
    "fetch_clock_offset",
    "load_app_credentials",
    "load_robot_key",
    "load_sms_secret",
    "open_apps",
    "set_push_url",
]
