//! The two XML error shapes, read by the local names of their elements so that no prefix matters.
use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::{BytesRef, Event};

use crate::error::{ApiFault, GatewayFault, SoapFault};

/// Reads what it can. A document cut short still tells its code.
pub(crate) fn parse(xml: &str) -> Option<ApiFault> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = false;
    let mut found = Found::default();
    let mut root = None;
    let mut field: Option<Field> = None;
    let mut text = String::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(element)) => {
                let local = element.local_name();
                let name = String::from_utf8_lossy(local.as_ref());
                field = Field::of(&name);
                text.clear();
                root.get_or_insert_with(|| name.into_owned());
            }
            Ok(Event::Empty(element)) => {
                if let Some(field) = Field::of(&String::from_utf8_lossy(element.local_name().as_ref())) {
                    found.keep(field, "");
                }
                field = None;
            }
            Ok(Event::Text(part)) if field.is_some() => text.push_str(&part.decode().ok()?),
            Ok(Event::CData(part)) if field.is_some() => text.push_str(&part.decode().ok()?),
            Ok(Event::GeneralRef(part)) if field.is_some() => push_reference(&mut text, &part),
            Ok(Event::End(_)) => {
                if let Some(field) = field.take() {
                    found.keep(field, text.trim());
                }
            }
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    found.fault(&root?)
}

pub(crate) fn write_gateway(fault: &GatewayFault) -> Vec<u8> {
    let mut xml = String::from("<am:fault xmlns:am=\"http://wso2.org/apimanager\">");
    write_element(&mut xml, "am:code", fault.code.as_deref());
    write_element(&mut xml, "am:type", fault.kind.as_deref());
    write_element(&mut xml, "am:message", fault.message.as_deref());
    write_element(&mut xml, "am:description", fault.description.as_deref());
    xml.push_str("</am:fault>");
    xml.into_bytes()
}

pub(crate) fn write_soap(fault: &SoapFault) -> Vec<u8> {
    let mut xml = String::from(
        "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><soap:Fault>",
    );
    write_element(&mut xml, "faultcode", fault.code.as_deref());
    write_element(&mut xml, "faultstring", fault.string.as_deref());
    xml.push_str("</soap:Fault></soap:Body></soap:Envelope>");
    xml.into_bytes()
}

#[derive(Clone, Copy)]
enum Field {
    Code,
    Kind,
    Message,
    Description,
    FaultCode,
    FaultString,
}

impl Field {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "code" => Self::Code,
            "type" => Self::Kind,
            "message" => Self::Message,
            "description" => Self::Description,
            "faultcode" => Self::FaultCode,
            "faultstring" => Self::FaultString,
            _ => return None,
        })
    }
}

#[derive(Default)]
struct Found {
    gateway: GatewayFault,
    soap: SoapFault,
}

impl Found {
    fn keep(&mut self, field: Field, text: &str) {
        let slot = match field {
            Field::Code => &mut self.gateway.code,
            Field::Kind => &mut self.gateway.kind,
            Field::Message => &mut self.gateway.message,
            Field::Description => &mut self.gateway.description,
            Field::FaultCode => &mut self.soap.code,
            Field::FaultString => &mut self.soap.string,
        };
        slot.get_or_insert_with(|| text.to_owned());
    }

    fn fault(self, root: &str) -> Option<ApiFault> {
        if self.soap.code.is_some() || self.soap.string.is_some() {
            Some(ApiFault::Soap(self.soap))
        } else if root == "fault" {
            Some(ApiFault::GatewayXml(self.gateway))
        } else {
            None
        }
    }
}

/// `&lt;`, `&#39;`; an entity that is not XML's own is kept as written.
fn push_reference(text: &mut String, reference: &BytesRef<'_>) {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        text.push(character);
    } else if let Ok(name) = reference.decode() {
        match resolve_predefined_entity(&name) {
            Some(resolved) => text.push_str(resolved),
            None => text.extend(["&", &*name, ";"]),
        }
    }
}

fn write_element(xml: &mut String, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        xml.extend(["<", name, ">", &*escape(text), "</", name, ">"]);
    }
}
