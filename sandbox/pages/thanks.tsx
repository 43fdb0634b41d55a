import type { ComponentChildren } from 'preact';

import type { SandboxContext } from '../context';
import type { CheckoutSession, Offer, Product } from '../database/entities';
import type { Delivery } from '../webhooks/delivery';
import { Outcome } from './deliveries';
import { formatMoney } from './format';

/** The deliveries that say of this purchase; found by what their bodies name. */
function findDeliveries({ deliveries }: SandboxContext, id: string): Delivery[] {
	return deliveries.list.filter(({ body }) => body.includes(`"${id}"`)).slice(-8);
}

const Line = ({ name, children }: { name: string; children: ComponentChildren }) => (
	<div>
		<dt>{name}</dt>
		<dd>{children}</dd>
	</div>
);

function NextSteps({ context, purchaseId }: { context: SandboxContext; purchaseId: string }) {
	const sent = findDeliveries(context, purchaseId);
	const { n8nUrl } = context.links;
	if (sent.length === 0) {
		return (
			<p>
				No workflow received this sale. Publish (activate) a workflow that starts with the{' '}
				<strong>Pocketsflow Trigger</strong> and uses an API key from the{' '}
				<a href="/dashboard">dashboard</a>. Then buy again.
			</p>
		);
	}
	return (
		<>
			<p>Pocketsflow sent these deliveries:</p>
			<ul class="steps">
				{sent.map((delivery) => (
					<li>
						<code>{delivery.event}</code> <Outcome {...delivery} />
					</li>
				))}
			</ul>
			{n8nUrl && (
				<p>
					<a href={`${n8nUrl}/home/executions`}>View the executions in n8n</a>
				</p>
			)}
		</>
	);
}

interface ThanksProps {
	readonly context: SandboxContext;
	readonly session: CheckoutSession;
	readonly item: Product | Offer;
}

export function Thanks({ context, session: { mode, paid, metadata }, item }: ThanksProps) {
	const db = context.databases[mode];
	const order = db.orders.get(paid?.orderId ?? '');
	const membership = db.memberships.get(paid?.membershipId ?? '');
	const purchase = order ?? membership;
	const amount = order?.grossAmount ?? membership?.amount;
	const ownId = metadata?.order_id;
	return (
		<div class="card" data-test="paid">
			<div class="tick" aria-hidden="true">
				✓
			</div>
			<h1>Thank you for your purchase</h1>
			<p class="soft">
				A real shop would send a confirmation to {purchase?.buyerEmail ?? 'your email address'}.
			</p>
			<dl class="lines">
				<Line name="Product">{item.name}</Line>
				{amount !== undefined && <Line name="Paid">{formatMoney(amount, item.currency)}</Line>}
				{typeof ownId === 'string' && ownId && <Line name="Order ID in your shop">{ownId}</Line>}
				{purchase && (
					<Line name={order ? 'Order ID in Pocketsflow' : 'Subscription ID in Pocketsflow'}>
						<code>{purchase._id}</code>
					</Line>
				)}
			</dl>
			<h2>What happens next</h2>
			<div id="next" data-live aria-live="polite">
				{purchase && <NextSteps context={context} purchaseId={purchase._id} />}
			</div>
			<p>
				<a class="button" href={mode === 'live' ? '/?mode=live' : '/'}>
					Back to the store
				</a>
			</p>
		</div>
	);
}
