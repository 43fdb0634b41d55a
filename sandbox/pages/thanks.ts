import type { SandboxContext } from '../context';
import type { CheckoutSession, Offer, Product } from '../database/entities';
import type { Delivery } from '../webhooks/delivery';
import { formatMoney, type Html, html } from './html';
import { renderOutcome } from './deliveries';

/** The deliveries that say of this purchase; found by what their bodies name. */
function findDeliveries({ deliveries }: SandboxContext, id: string): Delivery[] {
	return deliveries.list.filter(({ body }) => body.includes(`"${id}"`)).slice(-8);
}

const line = (name: string, value: unknown) =>
	value
		? html`<div>
				<dt>${name}</dt>
				<dd>${value}</dd>
			</div>`
		: undefined;

const renderDelivery = (delivery: Delivery) =>
	html`<li><code>${delivery.event}</code> ${renderOutcome(delivery)}</li>`;

function renderNextSteps(context: SandboxContext, purchaseId: string): Html {
	const sent = findDeliveries(context, purchaseId);
	const { n8nUrl } = context.links;
	if (sent.length === 0) {
		return html`<p>
			No workflow received this sale. Publish (activate) a workflow that starts with the
			<strong>Pocketsflow Trigger</strong> and uses an API key from the
			<a href="/dashboard">dashboard</a>. Then buy again.
		</p>`;
	}
	return html`<p>Pocketsflow sent these deliveries:</p>
		<ul class="steps">
			${sent.map(renderDelivery)}
		</ul>
		${n8nUrl && html`<p><a href="${n8nUrl}/home/executions">See the executions in n8n</a></p>`}`;
}

/** What a buyer sees after paying, and what the payment set going in n8n. */
export function renderThanks(
	context: SandboxContext,
	{ mode, paid, metadata }: CheckoutSession,
	item: Product | Offer,
): Html {
	const db = context.databases[mode];
	const order = db.orders.get(paid?.orderId ?? '');
	const membership = db.memberships.get(paid?.membershipId ?? '');
	const purchase = order ?? membership;
	const amount = order?.grossAmount ?? membership?.amount;
	const ownId = metadata?.order_id;
	return html`<div class="card" data-test="paid">
		<div class="tick" aria-hidden="true">✓</div>
		<h1>Thank you for your purchase</h1>
		<p class="soft">
			A real shop would send a confirmation to ${purchase?.buyerEmail ?? 'your email address'}.
		</p>
		<dl class="lines">
			${line('Bought', item.name)}
			${line('Paid', amount !== undefined && formatMoney(amount, item.currency))}
			${line('Your order', typeof ownId === 'string' && ownId)}
			${line(
				order ? 'Pocketsflow order' : 'Pocketsflow subscription',
				purchase && html`<code>${purchase._id}</code>`,
			)}
		</dl>
		<h2>What happens next</h2>
		<div id="next" data-live aria-live="polite">
			${purchase && renderNextSteps(context, purchase._id)}
		</div>
		<p><a class="button" href="/${mode === 'live' && '?mode=live'}">Back to the store</a></p>
	</div>`;
}
