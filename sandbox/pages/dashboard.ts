import type { SandboxContext } from '../context';
import type { Database } from '../database/database';
import type { Customer, Membership, Mode, Order, Webhook } from '../database/entities';
import { roundToCents } from '../money';
import type { DeliveryFault } from '../switches';
import type { Emission } from '../webhooks/deliveries';
import type { Delivery } from '../webhooks/delivery';
import { renderDeliveryRows, renderListeners } from './deliveries';
import { formatMoney, formatTime, type Html, html } from './html';

const MAX_ROWS = 10;

/** What a press of a button led to. */
export interface Notice {
	readonly text: string;
	readonly failed: boolean;
	/** The events that it caused. */
	readonly emissions: readonly Emission[];
}

interface Button {
	readonly action: string;
	readonly label: string;
	/** What the button is about, for those who hear the page. */
	readonly about?: string;
	readonly isDanger?: boolean;
}

interface View {
	readonly context: SandboxContext;
	readonly db: Database;
}

const renderHidden = (fields: Record<string, string>) =>
	Object.entries(fields).map(
		([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
	);

function renderButton({ db }: View, id: string, button: Button): Html {
	const { action, label, about, isDanger } = button;
	return html`<form method="post" action="/dashboard/actions">
		${renderHidden({ mode: db.mode, action, id })}
		<button class="mini${isDanger && ' danger'}" type="submit" data-test="${action}">
			${label}${about && html`<span class="hidden"> ${about}</span>`}
		</button>
	</form>`;
}

interface TableParts {
	readonly id: string;
	readonly title: string;
	readonly about?: Html;
	readonly columns: string[];
	readonly rows: Html[];
	readonly total: number;
	readonly empty: string;
}

function renderSection({ id, title, about, columns, rows, total, empty }: TableParts): Html {
	const headings = columns.map((name) => html`<th scope="col">${name}</th>`);
	const table = html`<div class="scroll">
		<table class="stack">
			<thead>
				<tr>
					${headings}
				</tr>
			</thead>
			<tbody>
				${rows}
			</tbody>
		</table>
	</div>`;
	const more =
		total > rows.length && html`<p class="small soft">and ${total - rows.length} more</p>`;
	return html`<section class="card" id="${id}" data-live aria-labelledby="${id}-title">
		<h2 id="${id}-title">${title}</h2>
		${about} ${rows.length > 0 ? html`${table}${more}` : html`<p class="empty">${empty}</p>`}
	</section>`;
}

function renderKeys({ context, db }: View): Html {
	const rows = [
		['Test key', 'test-key', context.keys.test.at(-1)],
		['Live key', 'live-key', context.keys.live.at(-1)],
		['Base URL', 'base-url', context.url],
	] as const;
	return html`<section class="card" id="keys" aria-labelledby="keys-title">
		<h2 id="keys-title">API keys</h2>
		<p class="soft small">
			In n8n, go to <strong>Credentials → Create → Pocketsflow API</strong>. Paste a key, and enter
			the address of this sandbox as <em>Base URL</em>. Start with the test key. Neither key moves
			real money.
		</p>
		<div class="keys">
			${rows.map(
				([name, id, value]) =>
					html`<div class="key">
						<span>${name}</span><code id="${id}" data-test="${id}">${value}</code
						><button class="mini" type="button" data-copy="${id}" aria-label="Copy ${name}">
							Copy
						</button>
					</div>`,
			)}
		</div>
		<p class="hidden" id="status" role="status"></p>
		<p class="small soft">This page shows the data of the <strong>${db.mode}</strong> mode.</p>
	</section>`;
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

function renderTiles({ db }: View): Html {
	const isActive = ({ status }: Membership) => status === 'active' || status === 'trialing';
	const tiles = [
		['Revenue', formatRevenue(db)],
		['Orders', db.orders.size],
		['Customers', db.customers.size],
		['Active members', db.memberships.query({ where: isActive }).total],
	];
	return html`<div class="tiles" id="tiles" data-live>
		${tiles.map(
			([name, figure]) =>
				html`<div class="card tile">
					<div class="soft small">${name}</div>
					<div class="figure">${figure}</div>
				</div>`,
		)}
	</div>`;
}

function renderState({ isRefunded, refundedAmount, currency }: Order): Html {
	if (isRefunded) return html`<span class="badge bad">Refunded</span>`;
	if (refundedAmount === 0) return html`<span class="badge good">Paid</span>`;
	return html`<span class="badge warn">${formatMoney(refundedAmount, currency)} refunded</span>`;
}

function renderMetadata(metadata: Record<string, unknown> = {}): Html[] {
	return Object.entries(metadata).map(
		([name, value]) =>
			html`<div class="small">
				<code>${name}</code> ${typeof value === 'string' ? value : JSON.stringify(value)}
			</div>`,
	);
}

function renderPartRefund({ db }: View, order: Order): Html {
	const inputId = `amount-${order._id}`;
	const rest = roundToCents(order.grossAmount - order.refundedAmount);
	return html`<form method="post" action="/dashboard/actions" class="inline">
		${renderHidden({ mode: db.mode, action: 'refund-part', id: order._id })}
		<label class="hidden" for="${inputId}"
			>Amount to refund of the order of ${order.buyerEmail}</label
		>
		<input
			id="${inputId}"
			name="amount"
			type="number"
			min="0.01"
			max="${rest}"
			step="0.01"
			required
			placeholder="${(rest / 2).toFixed(2)}"
		/>
		<button class="mini" type="submit" data-test="refund-part">Refund in part</button>
	</form>`;
}

function renderOrderActions(view: View, order: Order): Html {
	const about = `the order of ${order.buyerEmail}`;
	const full = { action: 'refund', label: 'Refund in full', about, isDanger: true };
	const review = { action: 'review', label: 'Leave a review', about };
	const canRefund = !order.isRefunded && order.grossAmount > 0;
	return html`<div class="actions">
		${canRefund && [renderButton(view, order._id, full), renderPartRefund(view, order)]}
		${renderButton(view, order._id, review)}
	</div>`;
}

const getProductName = ({ db }: View, { productId }: Order) =>
	db.products.get(productId)?.name ?? 'A deleted product';

function renderOrders(view: View): Html {
	const { rows, total } = view.db.orders.query({ take: MAX_ROWS });
	return renderSection({
		id: 'orders',
		title: 'Orders',
		columns: ['Time', 'Order', 'Metadata', 'Paid', 'Actions'],
		total,
		empty: 'No orders yet. Buy something in the store.',
		rows: rows.map(
			(order) =>
				html`<tr data-test="order">
					<td data-label="Time" class="nowrap">${formatTime(order.createdAtMs)}</td>
					<td class="block">
						<strong>${getProductName(view, order)}</strong><br />${order.buyerEmail}<br /><code
							class="small"
							>${order._id}</code
						>
					</td>
					<td data-label="Metadata" class="own"><span>${renderMetadata(order.metadata)}</span></td>
					<td data-label="Paid" class="nowrap">
						<span
							>${formatMoney(order.grossAmount, order.currency)}<br />${renderState(order)}</span
						>
					</td>
					<td class="block">${renderOrderActions(view, order)}</td>
				</tr>`,
		),
	});
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
	{ action: 'fail-payment', label: 'Fail the payment' },
	{ action: 'pause', label: 'Pause' },
	{ action: 'cancel-at-period-end', label: 'Cancel at period end' },
	{ action: 'end', label: 'End', isDanger: true },
];

const pausedButtons: Button[] = [
	{ action: 'resume', label: 'Resume' },
	{ action: 'end', label: 'End', isDanger: true },
];

function renderMembershipActions(view: View, { _id, status, buyerEmail }: Membership): Html {
	if (status === 'canceled') return html`<span class="soft small">ended</span>`;
	const buttons = status === 'paused' ? pausedButtons : membershipButtons;
	const about = `the membership of ${buyerEmail}`;
	return html`<div class="actions">
		${buttons.map((button) => renderButton(view, _id, { ...button, about }))}
	</div>`;
}

function renderMemberships(view: View): Html {
	const { rows, total } = view.db.memberships.query({ take: MAX_ROWS });
	return renderSection({
		id: 'memberships',
		title: 'Memberships',
		columns: ['Since', 'Membership', 'Status', 'Paid until', 'Actions'],
		total,
		empty: 'No members yet. Subscribe to an offer in the store.',
		rows: rows.map(
			(row) =>
				html`<tr data-test="membership">
					<td data-label="Since" class="nowrap">${formatTime(row.createdAtMs)}</td>
					<td class="block">
						<strong>${view.db.offers.get(row.offerId)?.name}</strong
						><br />${row.buyerEmail}<br /><code class="small">${row._id}</code>
					</td>
					<td data-label="Status">
						<span
							><span class="badge ${membershipBadges[row.status] ?? 'plain'}"
								>${row.status.replace('_', ' ')}</span
							>${row.cancelAtPeriodEnd && html` <span class="small soft">ends then</span>`}</span
						>
					</td>
					<td data-label="Paid until" class="nowrap">${formatTime(row.periodEndMs)}</td>
					<td class="block">${renderMembershipActions(view, row)}</td>
				</tr>`,
		),
	});
}

function renderProducts({ db }: View): Html {
	const items = [
		...db.products.query().rows.map((row) => ({ ...row, sold: countSales(db, row._id) })),
		...db.offers.query().rows.map((row) => ({ ...row, sold: countMembers(db, row._id) })),
	];
	return renderSection({
		id: 'products',
		title: 'Products and offers',
		columns: ['Name', 'Price', 'Sold'],
		total: items.length,
		empty: 'Nothing on sale yet.',
		rows: items.slice(0, MAX_ROWS).map(
			({ _id, name, price, currency, sold }) =>
				html`<tr data-test="product-row">
					<td class="block">${name}<br /><code class="small">${_id}</code></td>
					<td data-label="Price" class="nowrap">${formatMoney(price, currency)}</td>
					<td data-label="Sold">${sold}</td>
				</tr>`,
		),
	});
}

const countSales = ({ orders }: Database, id: string) =>
	orders.query({ where: ({ productId }) => productId === id, take: 0 }).total;

const countMembers = ({ memberships }: Database, id: string) =>
	memberships.query({ where: ({ offerId }) => offerId === id, take: 0 }).total;

function renderCustomers({ db }: View): Html {
	const { rows, total } = db.customers.query({ take: MAX_ROWS });
	const renderRow = ({ buyerEmail, numberOfOrders, totalSpent }: Customer) =>
		html`<tr>
			<td class="block">${buyerEmail}</td>
			<td data-label="Orders">${numberOfOrders}</td>
			<td data-label="Spent" class="nowrap">${formatMoney(totalSpent, db.user.currency)}</td>
		</tr>`;
	return renderSection({
		id: 'customers',
		title: 'Customers',
		columns: ['Email', 'Orders', 'Spent'],
		total,
		empty: 'No customers yet.',
		rows: rows.map(renderRow),
	});
}

function renderEndpoints({ db }: View): Html {
	const { rows, total } = db.webhooks.query({ take: MAX_ROWS });
	const renderRow = ({ url, events, active, description }: Webhook) =>
		html`<tr data-test="endpoint">
			<td class="block">
				<code>${url}</code>${description &&
				html`<br /><span class="small soft">${description.slice(0, 90)}</span>`}
			</td>
			<td data-label="Events"><span>${events.map((name) => html`<code>${name}</code> `)}</span></td>
			<td data-label="State">
				${active
					? html`<span class="badge good">Active</span>`
					: html`<span class="badge plain">Off</span>`}
			</td>
		</tr>`;
	return renderSection({
		id: 'webhooks',
		title: 'Webhook endpoints',
		about: html`<p class="soft small">
			A published workflow with a Pocketsflow Trigger registers its endpoint here automatically.
		</p>`,
		columns: ['Address', 'Events', 'State'],
		total,
		empty:
			'No endpoints yet. Publish (activate) a workflow that starts with the Pocketsflow Trigger.',
		rows: rows.map(renderRow),
	});
}

const faultTexts: Record<DeliveryFault, string> = {
	drop: 'will be lost',
	duplicate: 'will arrive twice',
	delay: 'will be late',
	reorder: 'will arrive after its successor',
	malform: 'will be broken',
	forge: 'will be wrongly signed',
};

function renderFaultButtons(view: View): Html {
	const planned = view.context.switches.nextDeliveryFaults;
	const buttons: Button[] = [
		{ action: 'lose-next', label: 'Lose the next delivery' },
		{ action: 'double-next', label: 'Deliver the next one twice' },
		...(planned.length > 0 ? [{ action: 'clear-faults', label: 'Neither' }] : []),
	];
	const [next] = planned;
	return html`<p class="soft small">
			Pocketsflow tries each delivery once. Lose one to see which workflow still finds the sale.
		</p>
		${next &&
		html`<p>
			<span class="badge warn" data-test="planned">The next delivery ${faultTexts[next]}</span>
		</p>`}
		<div class="actions">${buttons.map((button) => renderButton(view, '', button))}</div>`;
}

function renderDeliveries(view: View): Html {
	const ofMode = view.context.deliveries.list.filter(({ mode }) => mode === view.db.mode);
	const newest = ofMode.slice(-MAX_ROWS).reverse();
	const renderAgain = ({ id, event }: Delivery) =>
		renderButton(view, id, {
			action: 'deliver-again',
			label: 'Deliver again (sandbox only)',
			about: event,
		});
	return renderSection({
		id: 'deliveries',
		title: 'Deliveries',
		about: renderFaultButtons(view),
		columns: ['Time', 'Event', 'Result', 'Actions'],
		total: ofMode.length,
		empty: 'No deliveries yet. Publish (activate) a workflow, then buy something.',
		rows: renderDeliveryRows(newest, renderAgain),
	});
}

function renderTabs(mode: Mode): Html {
	const tabs = (['test', 'live'] as const).map(
		(name) =>
			html`<a href="/dashboard?mode=${name}" ${name === mode && html` aria-current="page"`}
				>${name === 'test' ? 'Test mode' : 'Live mode'}</a
			>`,
	);
	return html`<nav class="tabs" aria-label="Mode">${tabs}</nav>`;
}

/** The merchant's side: keys, everything that was sold, what was delivered, and buttons. */
export function renderDashboard(context: SandboxContext, mode: Mode, notice?: Notice): Html {
	const view = { context, db: context.databases[mode] };
	return html`${notice &&
		html`<div class="flash${notice.failed && ' bad'}" role="status">
			<p data-test="notice">${notice.text}</p>
			${renderListeners(context, notice.emissions)}
		</div>`}
		<div class="top">
			<div>
				<h1>Dashboard</h1>
				<p class="soft">
					What a seller sees in Pocketsflow, plus buttons for events that need a buyer or time.
				</p>
			</div>
			${renderTabs(mode)}
		</div>
		${renderTiles(view)} ${renderKeys(view)} ${renderOrders(view)} ${renderMemberships(view)}
		${renderDeliveries(view)} ${renderEndpoints(view)}
		<div class="columns">${renderProducts(view)}${renderCustomers(view)}</div>`;
}
