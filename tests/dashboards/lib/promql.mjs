// What a PromQL expression reads, by the grammar that Prometheus' own editor uses.

import { parser } from '@prometheus-io/lezer-promql';

/** Grafana's variables that stand where the grammar wants a duration. */
const filled = (expr) => expr.replace(/\$(__rate_interval|__interval|__range)\b/g, '5m').replace(/\$__range_s\b/g, '300');

const unquoted = (text) => text.slice(1, -1).replace(/\\(.)/g, '$1');

/**
 * `{ errors, selectors, labels, made }`: selectors are `{ name, matchers: [label], within: [function], range }`; labels are
 * those that the expression groups or joins by; made are those that it makes itself.
 */
export const read = (expr) => {
  const source = filled(expr);
  const text = (node) => source.slice(node.from, node.to);
  const [errors, selectors, labels, made] = [[], [], [], []];
  parser.parse(source).iterate({
    enter: (ref) => {
      const node = ref.node;
      if (node.type.isError) errors.push(`no PromQL at ${node.from}: ${source.slice(Math.max(0, node.from - 20), node.from + 20)}`);
      if (node.name === 'VectorSelector') {
        const within = [];
        let range;
        for (let up = node.parent; up; up = up.parent) {
          if (up.name === 'FunctionCall') within.push(text(up.firstChild));
          if (up.name === 'MatrixSelector' && !range) range = text(up);
        }
        const matchers = [];
        node.cursor().iterate((inner) => {
          if (inner.name === 'LabelName' && inner.node.parent.name.endsWith('LabelMatcher')) matchers.push(text(inner));
        });
        const name = node.getChild('Identifier');
        selectors.push({ name: name ? text(name) : '', matchers, within, range, text: text(node) });
      }
      if (node.name === 'GroupingLabels') for (const label of node.getChildren('LabelName')) labels.push(text(label));
      if (node.name === 'FunctionCall' && text(node.firstChild) === 'label_replace') {
        const strings = node.getChild('FunctionCallBody').getChildren('StringLiteral');
        if (strings.length) made.push(unquoted(text(strings[0])));
      }
    },
  });
  return { errors, selectors, labels, made };
};
