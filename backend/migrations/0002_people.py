from tortoise import migrations
from tortoise.migrations import operations as ops
import datetime
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('sesame', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Alert',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('kind', fields.CharField(max_length=40)),
                ('subject_id', fields.CharField(max_length=40)),
                ('params', fields.TextField(unique=False)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('state', fields.CharField(max_length=16)),
                ('outcome', fields.CharField(null=True, max_length=64)),
                ('settled_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'alert', 'app': 'sesame', 'pk_attr': 'id', 'table_description': 'Something HQ must look at, told to the group robot so that nobody must have the console open.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Inbox',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('state', fields.CharField(max_length=32)),
                ('version', fields.IntField(default=1)),
                ('event_sequence', fields.IntField(default=0)),
                ('event_hash', fields.CharField(default='', max_length=64)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('updated_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('staff', fields.OneToOneField('sesame.Staff', source_field='staff_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
            ],
            options={'table': 'inbox', 'app': 'sesame', 'pk_attr': 'id', 'table_description': "One person's inbox. It is a subject for its chain alone: each message is an event, and the feed follows them."},
            bases=['Subject'],
        ),
        ops.CreateModel(
            name='InboxMessage',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('inbox', fields.ForeignKeyField('sesame.Inbox', source_field='inbox_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('staff', fields.ForeignKeyField('sesame.Staff', source_field='staff_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('sequence', fields.IntField()),
                ('kind', fields.CharField(max_length=40)),
                ('subject_id', fields.CharField(max_length=40)),
                ('params', fields.TextField(unique=False)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('read_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'inbox_message', 'app': 'sesame', 'pk_attr': 'id', 'table_description': 'One message to one person, written in the transaction of what it tells of.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Delivery',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('message', fields.ForeignKeyField('sesame.InboxMessage', source_field='message_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('channel', fields.CharField(max_length=20)),
                ('state', fields.CharField(max_length=16)),
                ('outcome', fields.CharField(null=True, max_length=64)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('settled_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'delivery', 'app': 'sesame', 'pk_attr': 'id', 'table_description': "One attempt to bring a message to a person's attention over one channel."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Invitation',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('state', fields.CharField(max_length=32)),
                ('version', fields.IntField(default=1)),
                ('event_sequence', fields.IntField(default=0)),
                ('event_hash', fields.CharField(default='', max_length=64)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('updated_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('token_hash', fields.CharField(unique=True, max_length=64)),
                ('token_sealed', fields.BinaryField()),
                ('role', fields.CharField(max_length=20)),
                ('organisation', fields.ForeignKeyField('sesame.Organisation', source_field='organisation_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('inviter', fields.ForeignKeyField('sesame.Staff', source_field='inviter_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('note', fields.CharField(default='', max_length=80)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('spent_by', fields.ForeignKeyField('sesame.Staff', source_field='spent_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
            ],
            options={'table': 'invitation', 'app': 'sesame', 'pk_attr': 'id', 'table_description': 'An offer to register, for one person: the role and the organisation are set by whoever invites.'},
            bases=['Subject'],
        ),
        ops.CreateModel(
            name='ReceivedPush',
            fields=[
                ('dedupe_index', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('nonce_index', fields.CharField(unique=True, max_length=64)),
                ('received_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('answered_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('reply_sealed', fields.BinaryField(null=True)),
            ],
            options={'table': 'received_push', 'app': 'sesame', 'pk_attr': 'dedupe_index', 'table_description': 'A push of the official account that was taken: the same message again gets the same answer.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SpentCode',
            fields=[
                ('code_hash', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('spent_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'spent_code', 'app': 'sesame', 'pk_attr': 'code_hash', 'table_description': 'A one-time code of WeChat that was taken to it. Written down before that, so that none is taken twice.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SubscribeConsent',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('staff', fields.ForeignKeyField('sesame.Staff', source_field='staff_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('template', fields.CharField(max_length=40)),
                ('asked_for', fields.CharField(max_length=40)),
                ('result', fields.CharField(max_length=16)),
                ('asked_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('spent_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('spend_outcome', fields.CharField(null=True, max_length=64)),
                ('message', fields.ForeignKeyField('sesame.InboxMessage', source_field='message_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
            ],
            options={'table': 'subscribe_consent', 'app': 'sesame', 'pk_attr': 'id', 'table_description': 'One answer of a person to the question whether we may send a subscribe message.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='WeChatIdentity',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('app', fields.CharField(max_length=20)),
                ('appid', fields.CharField(max_length=32)),
                ('openid_sealed', fields.BinaryField()),
                ('openid_index', fields.CharField(max_length=64)),
                ('unionid_index', fields.CharField(null=True, max_length=64)),
                ('staff', fields.ForeignKeyField('sesame.Staff', source_field='staff_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('is_following', fields.BooleanField(default=False)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('tied_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'wechat_identity', 'app': 'sesame', 'pk_attr': 'id', 'table_description': 'A person as one WeChat app knows them.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='DoorTicket',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('token_hash', fields.CharField(unique=True, max_length=64)),
                ('identity', fields.ForeignKeyField('sesame.WeChatIdentity', source_field='identity_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('spent_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'door_ticket', 'app': 'sesame', 'pk_attr': 'id', 'table_description': 'The ticket in the link the official account answers with: whoever opens it is the person who asked.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Application',
            name='handed_over_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Application',
            name='successor',
            field=fields.ForeignKeyField('sesame.Staff', source_field='successor_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT),
        ),
        ops.AddField(
            model_name='Organisation',
            name='accepts_registrations',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name='Organisation',
            name='event_hash',
            field=fields.CharField(default='', db_default='', max_length=64),
        ),
        ops.AddField(
            model_name='Organisation',
            name='event_sequence',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Organisation',
            name='state',
            field=fields.CharField(db_default='OPEN', max_length=32),
        ),
        ops.AddField(
            model_name='Organisation',
            name='updated_at',
            field=fields.DatetimeField(db_default=datetime.datetime.fromisoformat('2018-01-01T00:00:00+00:00'), auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Organisation',
            name='version',
            field=fields.IntField(default=1, db_default=1),
        ),
        ops.AddField(
            model_name='Session',
            name='device',
            field=fields.CharField(null=True, max_length=40),
        ),
        ops.AddField(
            model_name='Session',
            name='issued_by',
            field=fields.ForeignKeyField('sesame.Staff', source_field='issued_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT),
        ),
        ops.AddField(
            model_name='Session',
            name='kind',
            field=fields.CharField(default='SESSION', db_default='SESSION', max_length=16),
        ),
        ops.AlterModelOptions(
            name='Staff',
            options={'table': 'staff', 'app': 'sesame', 'pk_attr': 'id', 'table_description': "A person who came to us, or the key of a partner's system, which files like a person."},
        ),
        ops.AlterField(
            model_name='Staff',
            name='code',
            field=fields.CharField(null=True, unique=True, max_length=40),
        ),
        ops.AlterField(
            model_name='Staff',
            name='organisation',
            field=fields.ForeignKeyField('sesame.Organisation', source_field='organisation_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT),
        ),
        ops.AddField(
            model_name='Staff',
            name='applied_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Staff',
            name='cut_off_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Staff',
            name='cut_off_reason',
            field=fields.CharField(null=True, max_length=500),
        ),
        ops.AddField(
            model_name='Staff',
            name='decided_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Staff',
            name='decision_reason',
            field=fields.CharField(null=True, max_length=500),
        ),
        ops.AddField(
            model_name='Staff',
            name='hurried_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Staff',
            name='mobile_index',
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddField(
            model_name='Staff',
            name='mobile_mask',
            field=fields.CharField(null=True, max_length=16),
        ),
        ops.AddField(
            model_name='Staff',
            name='mobile_sealed',
            field=fields.BinaryField(null=True),
        ),
        ops.AddField(
            model_name='Staff',
            name='mobile_verified_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Staff',
            name='successor',
            field=fields.ForeignKeyField('sesame.Staff', source_field='successor_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT),
        ),
        ops.AddField(
            model_name='Staff',
            name='work_kind',
            field=fields.CharField(null=True, max_length=16),
        ),
    ]
