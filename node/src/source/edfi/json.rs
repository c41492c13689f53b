//! Records of an Ed-Fi API as the tree that XML gives.

use peerlight_node_engine::intake::edfi::Element;
use serde_json::Value;

/// The tree of one record of a kind.
pub(super) fn record(kind: &str, value: &Value) -> Element {
    filled(Element::new(kind), value)
}

fn filled(mut element: Element, value: &Value) -> Element {
    match value {
        Value::Null => {}
        Value::Bool(flag) => element.push_text(if *flag { "true" } else { "false" }),
        Value::Number(number) => element.push_text(&number.to_string()),
        Value::String(text) => element.push_text(text),
        Value::Array(items) => {
            for item in items {
                element.push(filled(Element::new(""), item));
            }
        }
        Value::Object(members) => {
            // "id", "_etag" and "link" are the server's own.
            let ours = members.iter().filter(|(name, _)| !name.starts_with('_'));
            for (name, value) in ours.filter(|(name, _)| *name != "link" && *name != "id") {
                match value {
                    Value::Array(items) => {
                        for item in items {
                            element.push(filled(Element::of_json(name, true), item));
                        }
                    }
                    _ => element.push(filled(Element::of_json(name, false), value)),
                }
            }
        }
    }
    element
}
