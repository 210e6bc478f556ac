"""The page on which the owner verifies the account and signs."""

from html.parser import HTMLParser
from urllib.parse import urlencode

import httpx2
import pytest

from tests.sandbox.provider import Provider

FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}


class Page(HTMLParser):
    """What of the page matters: its texts, and the people to choose from."""

    def __init__(self, page: httpx2.Response) -> None:
        super().__init__()
        self.people: list[str] = []
        self.scripts = 0
        self.feed(page.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count what can be chosen, and scripts."""
        if tag == "input":
            self.people.append(dict(attrs)["value"] or "")
        self.scripts += tag == "script"


async def link(provider: Provider, phone: str = "13900000010", shop: str = "张三烧饼店") -> str:
    """File a form and give its signing link."""
    form = provider.form(phone=phone)
    form["business_info"]["merchant_shortname"] = shop
    await provider.submit(form)
    return str((await provider.query()).json()["sign_url"])


async def choose(provider: Provider, url: str, person: str) -> httpx2.Response:
    """Send the page's form."""
    return await provider.http.post(url, content=urlencode({"person": person}), headers=FORM_TYPE)


async def test_the_page_shows_the_shop_and_a_masked_owner(provider: Provider) -> None:
    """Shop, masked name, what to do and who scans; nothing private, no script, nothing kept by a browser."""
    page = await provider.http.get(await link(provider))
    assert page.status_code == 200
    for text in ("张三烧饼店", "张*", "待签约", "同意协议并签约"):
        assert text in page.text
    for text in ("440305199001011234", "13900000010", "6222020000000000000", "zhangsan@"):
        assert text not in page.text
    assert Page(page).people == ["owner", "other", "unverified"]
    assert Page(page).scripts == 0
    assert page.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


async def test_a_shop_name_is_text_and_no_markup(provider: Provider) -> None:
    """A name with markup in it is shown as it was written."""
    page = await provider.http.get(await link(provider, shop="<script>小店</script>"))
    assert Page(page).scripts == 0
    assert "&lt;script&gt;小店" in page.text


async def test_the_owner_verifies_then_signs(provider: Provider) -> None:
    """Two visits where the account must be verified first; the page leads back to itself each time."""
    url = await link(provider, "13900000006")
    assert Page(await provider.http.get(url)).people == []
    await provider.advance(300)
    assert "确认并验证账户" in (await provider.http.get(url)).text
    verified = await choose(provider, url, "owner")
    assert verified.status_code == 303
    assert url.endswith(verified.headers["Location"])
    assert await provider.state() == "TO_BE_SIGNED"
    assert (await choose(provider, url, "owner")).status_code == 303
    assert await provider.state() == "SIGNING"
    page = await provider.http.get(url)
    assert "正在开通" in page.text
    assert Page(page).people == []


@pytest.mark.parametrize(
    ("person", "status", "sentence"),
    [
        ("other", 403, "请由经营者本人使用自己的微信扫码操作"),
        ("unverified", 403, "尚未完成实名认证"),
        ("nobody", 400, "请先选择扫码人"),
        ("", 400, "请先选择扫码人"),
    ],
)
async def test_the_wrong_person_is_told_so_and_nothing_changes(
    provider: Provider, person: str, status: int, sentence: str
) -> None:
    """A clear sentence on the page, and the state and history as before."""
    url = await link(provider)
    before = await provider.book()
    answer = await choose(provider, url, person)
    assert answer.status_code == status
    assert sentence in answer.text
    assert {**await provider.book(), "requests": []} == {**before, "requests": []}


async def test_acting_when_nothing_is_due_changes_nothing(provider: Provider) -> None:
    """A second tap on a page that is already signed is told so."""
    url = await link(provider)
    await choose(provider, url, "owner")
    again = await choose(provider, url, "owner")
    assert again.status_code == 409
    assert "已完成" in again.text


@pytest.mark.parametrize("broken", ["", "?applymentId=1", "?applymentId=2000002000000001&sign=x", "?sign=%E8%A9%A6"])
async def test_a_link_that_we_did_not_make_opens_nothing(provider: Provider, broken: str) -> None:
    """A missing or wrong seal is a 404 page, for looking and for acting."""
    assert (await provider.http.get(f"/owner/sign{broken}")).status_code == 404
    answer = await choose(provider, f"/owner/sign{broken}", "owner")
    assert answer.status_code == 404
    assert "链接无效" in answer.text


async def test_the_seal_of_one_filing_opens_no_other(provider: Provider) -> None:
    """With a known id and another's seal the page neither shows nor signs."""
    url = await link(provider)
    await provider.submit(provider.form("other", "13900000010"))
    seal = (await provider.query("other")).json()["sign_url"].partition("&")[2]
    borrowed = f"{url.partition('&')[0]}&{seal}"
    assert (await provider.http.get(borrowed)).status_code == 404
    assert (await choose(provider, borrowed, "owner")).status_code == 404
    assert await provider.state() == "TO_BE_SIGNED"


@pytest.mark.parametrize(
    ("phone", "heading"),
    [("13900000008", "申请单已作废"), ("13900000011", "资料待提交"), ("13900000001", "资料审核中")],
)
async def test_the_page_says_why_there_is_nothing_to_do(provider: Provider, phone: str, heading: str) -> None:
    """Other states show a sentence and no form."""
    page = await provider.http.get(await link(provider, phone))
    assert heading in page.text
    assert Page(page).people == []
