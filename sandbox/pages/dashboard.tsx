import type { SandboxContext } from '../context';
import type { Database } from '../database/database';
import type { Membership, Mode, Order } from '../database/entities';
import { roundToCents } from '../money';
import type { DeliveryFault } from '../switches';
import type { Emission } from '../webhooks/deliveries';
import { ActionButton, type Button, HiddenFields, Section, type View } from './dashboard-parts';
import { DeliveryRow, Listeners } from './deliveries';
import { formatMoney, Time } from './format';

const MAX_ROWS = 10;

/** What a press of a button led to. */
export interface Notice {
	readonly text: string;
	readonly failed: boolean;
	readonly emissions: readonly Emission[];
}

function Keys({ context, db }: View) {
	const rows = [
		['Test key', 'test-key', context.keys.test.at(-1)],
		['Live key', 'live-key', context.keys.live.at(-1)],
		['Base URL', 'base-url', context.url],
	] as const;
	return (
		<section class="card" id="keys" aria-labelledby="keys-title">
			<h2 id="keys-title">API keys</h2>
			<p class="soft small">
				In n8n, create a <strong>Pocketsflow API</strong> credential. Paste a key, and enter the{' '}
				<em>Base URL</em> below. Start with the test key. Neither key moves real money.
			</p>
			<div class="keys">
				{rows.map(([name, id, value]) => (
					<div class="key">
						<span>{name}</span>
						<code id={id} data-test={id}>
							{value}
						</code>
						<button class="mini" type="button" data-copy={id} aria-label={`Copy ${name}`}>
							Copy
						</button>
					</div>
				))}
			</div>
			<p class="hidden" id="status" role="status"></p>
			<p class="small soft">
				This page shows data in <strong>{db.mode}</strong> mode.
			</p>
		</section>
	);
}

/** What was earned, by currency: the payments without what was refunded of them. */
function formatRevenue({ payments, refunds, orders }: Database): string {
	const sums = new Map<string, number>();
	const add = (currency: string, amount: number) =>
		sums.set(currency, roundToCents((sums.get(currency) ?? 0) + amount));
	for (const { amount, currency, isSubscription, isRefunded } of payments.query().rows) {
		// There is no refund of a renewal, only a mark on its payment.
		add(currency, isSubscription && isRefunded ? 0 : amount);
	}
	for (const { amount, orderId, status } of refunds.query().rows) {
		const order = orders.get(orderId);
		if (order && status !== 'failed') add(order.currency, -amount);
	}
	return [...sums].map(([currency, sum]) => formatMoney(sum, currency)).join(' + ') || '0.00';
}

function Tiles({ db }: View) {
	const isActive = ({ status }: Membership) => status === 'active' || status === 'trialing';
	const tiles = [
		['Revenue', formatRevenue(db)],
		['Orders', db.orders.size],
		['Customers', db.customers.size],
		['Active subscriptions', db.memberships.query({ where: isActive }).total],
	];
	return (
		<div class="tiles" id="tiles" data-live>
			{tiles.map(([name, figure]) => (
				<div class="card tile">
					<div class="soft small">{name}</div>
					<div class="figure">{figure}</div>
				</div>
			))}
		</div>
	);
}

function OrderState({ isRefunded, refundedAmount, currency }: Order) {
	if (isRefunded) return <span class="badge bad">Refunded</span>;
	if (refundedAmount === 0) return <span class="badge good">Paid</span>;
	return <span class="badge warn">{formatMoney(refundedAmount, currency)} refunded</span>;
}

const Metadata = ({ metadata = {} }: Order) => (
	<span>
		{Object.entries(metadata).map(([name, value]) => (
			<div class="small">
				<code>{name}</code> {typeof value === 'string' ? value : JSON.stringify(value)}
			</div>
		))}
	</span>
);

function PartRefund({ db, order }: { db: Database; order: Order }) {
	const inputId = `amount-${order._id}`;
	const rest = roundToCents(order.grossAmount - order.refundedAmount);
	return (
		<form method="post" action="/dashboard/actions" class="inline">
			<HiddenFields fields={{ mode: db.mode, action: 'refund-part', id: order._id }} />
			<label class="hidden" for={inputId}>
				Amount to refund for the order of {order.buyerEmail}
			</label>
			<input
				id={inputId}
				name="amount"
				type="number"
				min="0.01"
				max={rest}
				step="0.01"
				required
				placeholder={(rest / 2).toFixed(2)}
			/>
			<button class="mini" type="submit" data-test="refund-part">
				Partial refund
			</button>
		</form>
	);
}

function OrderActions({ db, order }: { db: Database; order: Order }) {
	const common = { db, id: order._id, about: `order of ${order.buyerEmail}` };
	const canRefund = !order.isRefunded && order.grossAmount > 0;
	return (
		<div class="actions">
			{canRefund && <ActionButton {...common} action="refund" label="Full refund" isDanger />}
			{canRefund && <PartRefund db={db} order={order} />}
			<ActionButton {...common} action="review" label="Leave a review" />
		</div>
	);
}

interface SaleProps {
	name?: string;
	buyerEmail: string;
	_id: string;
}

const Sale = ({ name, buyerEmail, _id }: SaleProps) => (
	<td class="block">
		<strong>{name}</strong>
		<br />
		{buyerEmail}
		<br />
		<code class="small">{_id}</code>
	</td>
);

function Orders({ db }: View) {
	const { rows, total } = db.orders.query({ take: MAX_ROWS });
	return (
		<Section
			id="orders"
			title="Orders"
			columns={['Time', 'Order', 'Metadata', 'Paid', 'Actions']}
			total={total}
			empty="No orders yet. Buy something in the store."
		>
			{rows.map((order) => (
				<tr data-test="order">
					<td data-label="Time" class="nowrap">
						<Time ms={order.createdAtMs} />
					</td>
					<Sale {...order} name={db.products.get(order.productId)?.name ?? 'A deleted product'} />
					<td data-label="Metadata" class="own">
						<Metadata {...order} />
					</td>
					<td data-label="Paid" class="nowrap">
						<span>
							{formatMoney(order.grossAmount, order.currency)}
							<br />
							<OrderState {...order} />
						</span>
					</td>
					<td class="block">
						<OrderActions db={db} order={order} />
					</td>
				</tr>
			))}
		</Section>
	);
}

const membershipBadges: Partial<Record<Membership['status'], string>> = {
	active: 'good',
	trialing: 'good',
	paused: 'warn',
	past_due: 'warn',
	canceled: 'bad',
};

const membershipButtons: Button[] = [
	{ action: 'renew', label: 'Renew' },
	{ action: 'fail-payment', label: 'Fail payment' },
	{ action: 'pause', label: 'Pause' },
	{ action: 'cancel-at-period-end', label: 'Cancel at period end' },
	{ action: 'end', label: 'End', isDanger: true },
];

const pausedButtons: Button[] = [
	{ action: 'resume', label: 'Resume' },
	{ action: 'end', label: 'End', isDanger: true },
];

function MembershipActions({ db, membership }: { db: Database; membership: Membership }) {
	const { _id, status, buyerEmail } = membership;
	if (status === 'canceled') return <span class="soft small">Ended</span>;
	const buttons = status === 'paused' ? pausedButtons : membershipButtons;
	return (
		<div class="actions">
			{buttons.map((button) => (
				<ActionButton db={db} id={_id} about={`subscription of ${buyerEmail}`} {...button} />
			))}
		</div>
	);
}

function Memberships({ db }: View) {
	const { rows, total } = db.memberships.query({ take: MAX_ROWS });
	return (
		<Section
			id="memberships"
			title="Subscriptions"
			columns={['Since', 'Subscription', 'Status', 'Paid until', 'Actions']}
			total={total}
			empty="No subscriptions yet. Subscribe to an offer in the store."
		>
			{rows.map((membership) => (
				<tr data-test="membership">
					<td data-label="Since" class="nowrap">
						<Time ms={membership.createdAtMs} />
					</td>
					<Sale {...membership} name={db.offers.get(membership.offerId)?.name} />
					<td data-label="Status">
						<span>
							<span class={`badge ${membershipBadges[membership.status] ?? 'plain'}`}>
								{membership.status.replace('_', ' ')}
							</span>
							{membership.cancelAtPeriodEnd && (
								<span class="small soft"> ends after the paid period</span>
							)}
						</span>
					</td>
					<td data-label="Paid until" class="nowrap">
						<Time ms={membership.periodEndMs} />
					</td>
					<td class="block">
						<MembershipActions db={db} membership={membership} />
					</td>
				</tr>
			))}
		</Section>
	);
}

function Products({ db }: View) {
	const items = [
		...db.products.query().rows.map((row) => ({ ...row, sold: countSales(db, row._id) })),
		...db.offers.query().rows.map((row) => ({ ...row, sold: countMembers(db, row._id) })),
	];
	return (
		<Section
			id="products"
			title="Products and offers"
			columns={['Name', 'Price', 'Sold']}
			total={items.length}
			empty="No products or offers yet."
		>
			{items.slice(0, MAX_ROWS).map(({ _id, name, price, currency, sold }) => (
				<tr data-test="product-row">
					<td class="block">
						{name}
						<br />
						<code class="small">{_id}</code>
					</td>
					<td data-label="Price" class="nowrap">
						{formatMoney(price, currency)}
					</td>
					<td data-label="Sold">{sold}</td>
				</tr>
			))}
		</Section>
	);
}

const countSales = ({ orders }: Database, id: string) =>
	orders.query({ where: ({ productId }) => productId === id, take: 0 }).total;

const countMembers = ({ memberships }: Database, id: string) =>
	memberships.query({ where: ({ offerId }) => offerId === id, take: 0 }).total;

function Customers({ db }: View) {
	const { rows, total } = db.customers.query({ take: MAX_ROWS });
	return (
		<Section
			id="customers"
			title="Customers"
			columns={['Email', 'Orders', 'Spent']}
			total={total}
			empty="No customers yet."
		>
			{rows.map(({ buyerEmail, numberOfOrders, totalSpent }) => (
				<tr>
					<td class="block">{buyerEmail}</td>
					<td data-label="Orders">{numberOfOrders}</td>
					<td data-label="Spent" class="nowrap">
						{formatMoney(totalSpent, db.user.currency)}
					</td>
				</tr>
			))}
		</Section>
	);
}

function Endpoints({ db }: View) {
	const { rows, total } = db.webhooks.query({ take: MAX_ROWS });
	return (
		<Section
			id="webhooks"
			title="Webhook endpoints"
			about={
				<p class="soft small">
					A published workflow with a Pocketsflow Trigger registers its endpoint here automatically.
				</p>
			}
			columns={['URL', 'Events', 'Status']}
			total={total}
			empty="No endpoints yet. Publish (activate) a workflow that starts with the Pocketsflow Trigger."
		>
			{rows.map(({ url, events, active, description }) => (
				<tr data-test="endpoint">
					<td class="block">
						<code>{url}</code>
						{description && <br />}
						{description && <span class="small soft">{description.slice(0, 90)}</span>}
					</td>
					<td data-label="Events">
						<span>{events.map((name) => [<code>{name}</code>, ' '])}</span>
					</td>
					<td data-label="Status">
						{active ? (
							<span class="badge good">Active</span>
						) : (
							<span class="badge plain">Disabled</span>
						)}
					</td>
				</tr>
			))}
		</Section>
	);
}

const faultTexts: Record<DeliveryFault, string> = {
	drop: 'will be lost',
	duplicate: 'will arrive twice',
	delay: 'will arrive late',
	reorder: 'will arrive after the next one',
	malform: 'will have an invalid body',
	forge: 'will have an invalid signature',
};

function FaultButtons({ context, db }: View) {
	const planned = context.switches.nextDeliveryFaults;
	const buttons: Button[] = [
		{ action: 'lose-next', label: 'Lose the next delivery' },
		{ action: 'double-next', label: 'Deliver the next one twice' },
		...(planned.length > 0
			? [{ action: 'clear-faults', label: 'Stop losing or doubling deliveries' }]
			: []),
	];
	const [next] = planned;
	return (
		<>
			<p class="soft small">
				Pocketsflow sends each delivery once. Lose a delivery to see which workflow still finds the
				sale.
			</p>
			{next && (
				<p>
					<span class="badge warn" data-test="planned">
						The next delivery {faultTexts[next]}
					</span>
				</p>
			)}
			<div class="actions">
				{buttons.map((button) => (
					<ActionButton db={db} id="" {...button} />
				))}
			</div>
		</>
	);
}

function Deliveries(view: View) {
	const { context, db } = view;
	const ofMode = context.deliveries.list.filter(({ mode }) => mode === db.mode);
	const again = { db, action: 'deliver-again', label: 'Deliver again (sandbox only)' };
	return (
		<Section
			id="deliveries"
			title="Deliveries"
			about={<FaultButtons {...view} />}
			columns={['Time', 'Event', 'Result', 'Actions']}
			total={ofMode.length}
			empty="No deliveries yet. Publish (activate) a workflow, then buy something."
		>
			{ofMode
				.slice(-MAX_ROWS)
				.reverse()
				.map((delivery) => (
					<DeliveryRow delivery={delivery}>
						<ActionButton {...again} id={delivery.id} about={delivery.event} />
					</DeliveryRow>
				))}
		</Section>
	);
}

const Tabs = ({ current }: { current: Mode }) => (
	<nav class="tabs" aria-label="Mode">
		{(['test', 'live'] as const).map((mode) => (
			<a href={`/dashboard?mode=${mode}`} aria-current={mode === current ? 'page' : undefined}>
				{mode === 'test' ? 'Test mode' : 'Live mode'}
			</a>
		))}
	</nav>
);

interface DashboardProps {
	readonly context: SandboxContext;
	readonly mode: Mode;
	readonly notice?: Notice | undefined;
}

export function Dashboard({ context, mode, notice }: DashboardProps) {
	const view = { context, db: context.databases[mode] };
	return (
		<>
			{notice && (
				<div class={notice.failed ? 'flash bad' : 'flash'} role="status">
					<p data-test="notice">{notice.text}</p>
					<Listeners links={context.links} emissions={notice.emissions} />
				</div>
			)}
			<div class="top">
				<div>
					<h1>Dashboard</h1>
					<p class="soft">
						What a seller sees in Pocketsflow. Use the buttons to act as a buyer or to let time
						pass.
					</p>
				</div>
				<Tabs current={mode} />
			</div>
			<Tiles {...view} />
			<Keys {...view} />
			<Orders {...view} />
			<Memberships {...view} />
			<Deliveries {...view} />
			<Endpoints {...view} />
			<div class="columns">
				<Products {...view} />
				<Customers {...view} />
			</div>
		</>
	);
}
