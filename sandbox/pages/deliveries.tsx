import type { ComponentChildren } from 'preact';

import { findEvent } from '../../nodes/Pocketsflow/events/catalogue';
import type { SandboxContext } from '../context';
import type { Emission } from '../webhooks/deliveries';
import type { Delivery } from '../webhooks/delivery';
import { Time } from './format';

/** The outcome of a delivery, in a word and with the reason. */
export function Outcome({ outcome, status, ms, error }: Delivery) {
	if (outcome === 'delivered') {
		return (
			<>
				<span class="badge good">Answered {status}</span>{' '}
				<span class="small soft">after {ms} ms</span>
			</>
		);
	}
	if (outcome === 'pending') return <span class="badge plain">Sending</span>;
	if (outcome === 'dropped') return <span class="badge bad">Lost in transit</span>;
	return (
		<>
			<span class="badge bad">Failed</span> <span class="small soft">{error}</span>
		</>
	);
}

export function Listeners({
	links,
	emissions,
}: Pick<SandboxContext, 'links'> & { emissions: readonly Emission[] }) {
	if (emissions.length === 0) return null;
	const items = emissions.map(({ event, deliveries }) => {
		// As n8n shows it in the trigger, where the user selects it.
		const name = <em>{findEvent(event)?.label ?? event}</em>;
		if (deliveries.length === 0) return <li>No published workflow listens to {name}.</li>;
		return deliveries.map((delivery) => (
			<li>
				{name} was sent to {links.getWorkflowName?.(delivery.url) ?? <code>{delivery.url}</code>}.{' '}
				<Outcome {...delivery} />
			</li>
		));
	});
	return <ul data-test="listeners">{items}</ul>;
}

function formatBody(body: string): string {
	try {
		return JSON.stringify(JSON.parse(body), null, 2);
	} catch {
		return body;
	}
}

/** The children are the buttons of this delivery. */
export const DeliveryRow = ({
	delivery,
	children,
}: {
	delivery: Delivery;
	children: ComponentChildren;
}) => (
	<tr>
		<td data-label="Time" class="nowrap">
			<Time ms={Date.parse(delivery.queuedAt)} />
		</td>
		<td class="block">
			<code>{delivery.event}</code>
			<details>
				<summary>Show the request</summary>
				<p class="small soft">to {delivery.url}</p>
				<pre>{formatBody(delivery.body)}</pre>
			</details>
		</td>
		<td data-label="Result">
			<span>
				<Outcome {...delivery} />
			</span>
		</td>
		<td class="block">{children}</td>
	</tr>
);
