"""A filing from upload to opened."""

from tests.sandbox.provider import BASE, SUBMIT, Provider


async def test_a_filing_is_uploaded_submitted_audited_signed_and_opened(provider: Provider) -> None:
    """The whole main line, each answer verified, with exactly the documented members at every stop."""
    submitted = await provider.submit()
    provider.verify(submitted)
    assert submitted.status_code == 200
    applyment_id = submitted.json()["applyment_id"]
    assert submitted.json() == {"applyment_id": applyment_id}
    assert isinstance(applyment_id, int)
    assert str(applyment_id).startswith("2000002")
    assert len(str(applyment_id)) == 16

    always = {"business_code", "applyment_id", "sign_url", "applyment_state", "applyment_state_msg"}
    auditing = await provider.query()
    provider.verify(auditing)
    assert auditing.json().keys() == always
    assert auditing.json()["applyment_state"] == "APPLYMENT_STATE_AUDITING"
    assert auditing.json()["sign_url"].startswith(f"{BASE}/owner/sign?applymentId={applyment_id}&sign=")

    await provider.advance(300)
    by_id = await provider.get(f"{SUBMIT}applyment_id/{applyment_id}")
    provider.verify(by_id)
    assert by_id.json().keys() == always | {"sub_mchid"}
    assert by_id.json()["applyment_state"] == "APPLYMENT_STATE_TO_BE_SIGNED"
    assert len(by_id.json()["sub_mchid"]) == 10
    assert by_id.content == (await provider.query()).content

    signed = await provider.order(f"owner/{applyment_id}/sign", {"person": "owner"})
    assert signed["state"] == "APPLYMENT_STATE_SIGNING"
    await provider.advance(1799)
    assert await provider.state() == "SIGNING"
    await provider.advance(1)
    opened = (await provider.query()).json()
    assert opened["applyment_state"] == "APPLYMENT_STATE_FINISHED"
    assert opened["sub_mchid"] == by_id.json()["sub_mchid"]

    book = await provider.book()
    assert (book["times_accepted"], book["times_refiled"]) == (1, 0)
    assert [line["to"].removeprefix("APPLYMENT_STATE_") for line in book["history"]] == [
        "AUDITING",
        "TO_BE_SIGNED",
        "SIGNING",
        "FINISHED",
    ]
