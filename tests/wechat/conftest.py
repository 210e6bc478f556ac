"""Keys, a provider on a real socket, and a client that believes it is WeChat Pay."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from backend.wechat import InProcessTokens, MiniProgramClient, OfficialAccountClient, PayClient, PayCredentials
from tests.wechat.platform import APP, Platform
from tests.wechat.provider import NOW_SECONDS, PUBLIC_KEY_ID, Provider, Reply, serve


@pytest.fixture(scope="session")
def merchant_key() -> RSAPrivateKey:
    """Give our own key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def platform_key() -> RSAPrivateKey:
    """Give WeChat Pay's key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def credentials(merchant_key: RSAPrivateKey, platform_key: RSAPrivateKey) -> PayCredentials:
    """Give what the client is told of the two keys."""
    return PayCredentials(
        mchid="1900013511",
        serial_no="3775B6A45ACD588826D15E583A95F5DD12345678",
        public_key_id=PUBLIC_KEY_ID,
        private_key=merchant_key,
        public_key=platform_key.public_key(),
        api_v3_key="0123456789abcdef0123456789ABCDEF",
    )


@pytest.fixture(scope="session")
def running_provider(platform_key: RSAPrivateKey) -> Iterator[Provider]:
    """Keep one provider running for all tests."""
    provider = Provider(platform_key)
    with serve(provider) as url:
        provider.url = url
        yield provider


@pytest.fixture
def provider(running_provider: Provider) -> Provider:
    """Give the provider with an empty memory."""
    running_provider.received.clear()
    running_provider.reply = Reply()
    return running_provider


@pytest.fixture
async def client(credentials: PayCredentials, provider: Provider) -> AsyncIterator[PayClient]:
    """Give a client at the time at which the provider answers."""
    async with PayClient(credentials, base_url=provider.url, timeout_seconds=5.0, wall=lambda: NOW_SECONDS) as client:
        yield client


@pytest.fixture(scope="session")
def running_platform() -> Iterator[Platform]:
    """Keep one server of apps running for all tests."""
    platform = Platform()
    with serve(platform) as url:
        platform.url = url
        yield platform


@pytest.fixture
def platform(running_platform: Platform) -> Platform:
    """Give the server of apps with an empty memory."""
    running_platform.reset()
    return running_platform


@pytest.fixture
def tokens() -> InProcessTokens:
    """Give a store that holds no token yet."""
    return InProcessTokens()


@pytest.fixture
async def mini(platform: Platform, tokens: InProcessTokens) -> AsyncIterator[MiniProgramClient]:
    """Give a client of the mini program's server."""
    async with MiniProgramClient(APP, tokens=tokens, base_url=platform.url) as client:
        yield client


@pytest.fixture
async def account(platform: Platform, tokens: InProcessTokens) -> AsyncIterator[OfficialAccountClient]:
    """Give a client of the official account's server."""
    async with OfficialAccountClient(APP, tokens=tokens, base_url=platform.url) as client:
        yield client
