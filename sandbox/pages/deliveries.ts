import { findEvent } from '../../nodes/Pocketsflow/events/catalogue';
import type { SandboxContext } from '../context';
import type { Emission } from '../webhooks/deliveries';
import type { Delivery } from '../webhooks/delivery';
import { formatTime, type Html, html } from './html';

/** What became of a delivery, in a word and with the reason. */
export function renderOutcome({ outcome, status, ms, error }: Delivery): Html {
	if (outcome === 'delivered') {
		return html`<span class="badge good">Answered ${status}</span>
			<span class="small soft">after ${ms} ms</span>`;
	}
	if (outcome === 'pending') return html`<span class="badge plain">On its way</span>`;
	if (outcome === 'dropped') return html`<span class="badge bad">Lost on the way</span>`;
	return html`<span class="badge bad">Failed</span> <span class="small soft">${error}</span>`;
}

function renderEmission({ links }: SandboxContext, { event, deliveries }: Emission): Html {
	// As n8n shows it in the trigger, where the user selects it.
	const name = html`<em>${findEvent(event)?.label ?? event}</em>`;
	if (deliveries.length === 0) return html`<li>No published workflow listens to ${name}.</li>`;
	const listeners = deliveries.map(
		(delivery) =>
			html`<li>
				${name} went to
				${links.getWorkflowName?.(delivery.url) ?? html`<code>${delivery.url}</code>`}.
				${renderOutcome(delivery)}
			</li>`,
	);
	return html`${listeners}`;
}

/** Who listened to each event. */
export const renderListeners = (context: SandboxContext, emissions: readonly Emission[]) =>
	emissions.length > 0 &&
	html`<ul data-test="listeners">
		${emissions.map((emission) => renderEmission(context, emission))}
	</ul>`;

function formatBody(body: string): string {
	try {
		return JSON.stringify(JSON.parse(body), null, 2);
	} catch {
		return body;
	}
}

/** A row for each delivery, newest first, with a button that sends it once more. */
export const renderDeliveryRows = (
	deliveries: readonly Delivery[],
	renderButton: (delivery: Delivery) => Html,
): Html[] =>
	deliveries.map(
		(delivery) =>
			html`<tr>
				<td data-label="Time" class="nowrap">${formatTime(Date.parse(delivery.queuedAt))}</td>
				<td class="block">
					<code>${delivery.event}</code>
					<details>
						<summary>What was sent</summary>
						<p class="small soft">to ${delivery.url}</p>
						<pre>${formatBody(delivery.body)}</pre>
					</details>
				</td>
				<td data-label="Result"><span>${renderOutcome(delivery)}</span></td>
				<td class="block">${renderButton(delivery)}</td>
			</tr>`,
	);
